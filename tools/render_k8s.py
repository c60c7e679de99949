"""Write the generated part of k8s/ and render the five servers' manifests to dist/k8s/ (`make render`).

Generated: `k8s/base/<service>/` and `k8s/components/mtls/certificates.yaml`, from the tables below. The rest of k8s/ is written by hand. Usage: python tools/render_k8s.py [--no-manifests]
"""

import json
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).resolve().parent.parent
K8S = ROOT / "k8s"
HEADER = "# Written by tools/render_k8s.py (`make render`): change the tool, not this file.\n"

CALLS: Mapping[str, Sequence[str]] = {
    "gateway": ("auth", "forms", "validation", "signature", "transmission", "sync"),
    "auth": (),
    "forms": ("auth", "validation", "transmission", "sync"),
    "validation": ("auth", "forms", "sync"),
    "signature": ("auth", "forms", "transmission"),
    "transmission": ("auth", "forms", "signature"),
    "sync": ("auth", "forms", "validation"),
}
"""Who calls whom over gRPC; everybody asks auth for the keys that verify passports. Network policies follow from it."""

SERVICES = tuple(CALLS)
STORED = tuple(name for name in SERVICES if name != "gateway")
STACKS = {"min": "MIN", "fed-oph": "FED-OPH", "fed-esh": "FED-ESH", "fed-coop": "FED-COOP", "fed-epl": "FED-EPL"}
"""Overlay and namespace → name of the server."""

GRPC, HEALTH, HTTP, POSTGRES, REDIS, OTLP = 8443, 8086, 8080, 5432, 6379, 4318
ADMIN_URL = "postgresql+psycopg://$(ADMIN_USER):$(ADMIN_PASSWORD)@postgres-rw:5432/harmonia?sslmode=require"
SIZES = {
    "validation": ({"cpu": "500m", "memory": "512Mi"}, {"cpu": "2", "memory": "1Gi"}),
    "gateway": ({"cpu": "100m", "memory": "256Mi"}, {"cpu": "1", "memory": "512Mi"}),
}
USUAL_SIZE = ({"cpu": "100m", "memory": "192Mi"}, {"cpu": "1", "memory": "512Mi"})

Document = dict[str, Any]


def labels(name: str) -> dict[str, str]:
    """Return what selects the pods of a service."""
    return {"app.kubernetes.io/name": name, "app.kubernetes.io/part-of": "harmonia"}


def folder_of(service: str) -> dict[str, Document]:
    """Return file name → document for one service's folder."""
    documents = {
        "deployment.yaml": deployment(service),
        "serviceaccount.yaml": _named("v1", "ServiceAccount", service, automountServiceAccountToken=False),
        "service.yaml": _service(service),
        "networkpolicy.yaml": network_policy(service),
        "pdb.yaml": _named(
            "policy/v1",
            "PodDisruptionBudget",
            service,
            spec={"maxUnavailable": 1, "selector": {"matchLabels": labels(service)}},
        ),
    }
    kustomization = {
        "apiVersion": "kustomize.config.k8s.io/v1beta1",
        "kind": "Kustomization",
        "resources": sorted(documents),
    }
    return {**documents, "kustomization.yaml": kustomization}


def deployment(service: str) -> Document:
    """Return the deployment: one process of the one image, told by its argument what it is."""
    pod: Document = {
        "serviceAccountName": service,
        "automountServiceAccountToken": False,
        "enableServiceLinks": False,
        "securityContext": {
            "runAsNonRoot": True,
            "runAsUser": 10001,
            "runAsGroup": 10001,
            "fsGroup": 10001,
            "seccompProfile": {"type": "RuntimeDefault"},
        },
        "terminationGracePeriodSeconds": 30,
        "topologySpreadConstraints": [
            {
                "maxSkew": 1,
                "topologyKey": "kubernetes.io/hostname",
                "whenUnsatisfiable": "ScheduleAnyway",
                "labelSelector": {"matchLabels": labels(service)},
            }
        ],
        "initContainers": list(_init_containers(service)),
        "containers": [_container(service)],
        "volumes": list(_volumes(service)),
    }
    if not pod["initContainers"]:
        del pod["initContainers"]
    return _named(
        "apps/v1",
        "Deployment",
        service,
        spec={
            "replicas": 2,
            "revisionHistoryLimit": 3,
            "strategy": {"type": "RollingUpdate", "rollingUpdate": {"maxUnavailable": 0, "maxSurge": 1}},
            "selector": {"matchLabels": labels(service)},
            "template": {"metadata": {"labels": labels(service)}, "spec": pod},
        },
    )


def _container(service: str) -> Document:
    requests, limits = SIZES.get(service, USUAL_SIZE)
    name, number = ("http", HTTP) if service == "gateway" else ("grpc", GRPC)
    ports = [{"name": name, "containerPort": number}, {"name": "health", "containerPort": HEALTH}]
    return {
        "name": service,
        "image": "harmonia",
        "args": ["serve", service],
        "envFrom": [{"configMapRef": {"name": "stack"}}],
        "env": list(_environment(service)),
        "ports": ports,
        # The process answers on its health port as soon as it is up; whether it may get calls is readiness's business,
        # so that a database that is away does not make every pod restart.
        "startupProbe": {"tcpSocket": {"port": "health"}, "periodSeconds": 2, "failureThreshold": 60},
        "livenessProbe": {"tcpSocket": {"port": "health"}, "periodSeconds": 10, "failureThreshold": 3},
        "readinessProbe": {"grpc": {"port": HEALTH}, "periodSeconds": 5, "timeoutSeconds": 3, "failureThreshold": 2},
        "resources": {"requests": requests, "limits": limits},
        "securityContext": _locked_down(),
        "volumeMounts": [
            {"name": "data", "mountPath": "/var/lib/harmonia"},
            {"name": "tmp", "mountPath": "/tmp"},  # noqa: S108 - an emptyDir of the pod
            *_mounts(service),
        ],
    }


def _environment(service: str) -> Iterator[Document]:
    neighbours = {name: f"{name}:{GRPC}" for name in CALLS[service]}
    yield {"name": "HARMONIA_SERVICES", "value": json.dumps(neighbours)}
    if service in STORED:
        yield {"name": "HARMONIA_GRPC_ADDRESS", "value": f"0.0.0.0:{GRPC}"}
        yield _secret("DATABASE_PASSWORD", f"database-{service}", "password")
        url = f"postgresql+psycopg://harmonia_{service}:$(DATABASE_PASSWORD)@postgres-rw:5432/harmonia?sslmode=require"
        yield {"name": f"{service.upper()}_DATABASE__URL", "value": url}
    if service in {"auth", "gateway"}:
        yield _secret("REDIS_PASSWORD", "redis", "password")
        yield {"name": "HARMONIA_REDIS_URL", "value": "redis://:$(REDIS_PASSWORD)@redis:6379/0"}
    if service == "auth":
        yield _secret("AUTH_KEYCLOAK__CLIENT_SECRET", "keycloak-auth", "client-secret")
        yield {"name": "AUTH_PASSPORT__KEYS", "value": "/etc/harmonia/passport/keys.jwks"}
    if service == "gateway":
        yield {"name": "GATEWAY_HTTP_HOST", "value": "0.0.0.0"}  # noqa: S104 - behind the pod's network policy
        yield {"name": "GATEWAY_HTTP_PORT", "value": str(HTTP)}
        yield _secret("GATEWAY_OIDC__CLIENT_SECRET", "keycloak-gateway", "client-secret")
    if service == "signature":
        yield {"name": "SIGNATURE_KEYS__FOLDER", "value": "/run/seal/keys"}


def _init_containers(service: str) -> Iterator[Document]:
    small = {"requests": {"cpu": "50m", "memory": "128Mi"}, "limits": {"cpu": "1", "memory": "384Mi"}}
    shared = {"image": "harmonia", "resources": small, "securityContext": _locked_down()}
    if service in STORED:
        # Safe beside running pods and beside itself: migrations take a lock and do nothing when they are done.
        yield {
            "name": "migrate",
            **shared,
            "args": ["migrate", service],
            "envFrom": [{"configMapRef": {"name": "stack"}}],
            "env": [
                _secret("ADMIN_USER", "postgres-superuser", "username"),
                _secret("ADMIN_PASSWORD", "postgres-superuser", "password"),
                {"name": "HARMONIA_DATABASE_ADMIN_URL", "value": ADMIN_URL},
                _secret("HARMONIA_DATABASE_PASSWORD", f"database-{service}", "password"),
            ],
            "volumeMounts": [{"name": "tmp", "mountPath": "/tmp"}],  # noqa: S108
        }
    if service == "signature":
        # A mounted secret is readable by the group; the service takes keys only from a folder that is its own alone.
        yield {
            "name": "own-keys",
            **shared,
            "command": ["sh", "-c", "umask 077 && mkdir -p /run/seal/keys && cp /secret/seal/* /run/seal/keys/"],
            "volumeMounts": [
                {"name": "seal-secret", "mountPath": "/secret/seal", "readOnly": True},
                {"name": "seal", "mountPath": "/run/seal"},
            ],
        }


def _mounts(service: str) -> Iterator[Document]:
    yield {"name": "tls", "mountPath": "/etc/harmonia/tls", "readOnly": True}
    yield {"name": "trust", "mountPath": "/etc/harmonia/trust", "readOnly": True}
    if service == "auth":
        yield {"name": "passport", "mountPath": "/etc/harmonia/passport", "readOnly": True}
    if service == "signature":
        yield {"name": "seal", "mountPath": "/run/seal", "readOnly": True}


def _volumes(service: str) -> Iterator[Document]:
    yield {"name": "data", "emptyDir": {"sizeLimit": "256Mi"}}
    yield {"name": "tmp", "emptyDir": {"sizeLimit": "256Mi"}}
    yield {"name": "tls", "secret": {"secretName": f"tls-{service}", "defaultMode": 0o440}}
    yield {"name": "trust", "configMap": {"name": "trust"}}
    if service == "auth":
        yield {"name": "passport", "secret": {"secretName": "passport-keys", "defaultMode": 0o440}}
    if service == "signature":
        yield {"name": "seal-secret", "secret": {"secretName": "seal-keys", "defaultMode": 0o440}}
        yield {"name": "seal", "emptyDir": {"medium": "Memory", "sizeLimit": "1Mi"}}


def network_policy(service: str) -> Document:
    """Return what may reach a service and what it may reach: the calls of the table, its stores, names, nothing else."""
    callers = sorted(caller for caller, called in CALLS.items() if service in called)
    ingress: list[Document] = []
    if callers:
        ingress.append({"from": [_pods(name) for name in callers], "ports": [_port(GRPC)]})
    if service == "gateway":
        source = {"namespaceSelector": {"matchLabels": {"harmonia.io/ingress": "true"}}}
        ingress.append({"from": [source], "ports": [_port(HTTP)]})
    if service == "sync":
        # Other servers of the federation: who they are, mutual TLS proves.
        ingress.append({"ports": [_port(GRPC)]})
    egress: list[Document] = [
        {
            "to": [{"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "kube-system"}}}],
            "ports": [_port(53, "UDP"), _port(53)],
        },
        {"to": [_pods("otel-collector")], "ports": [_port(OTLP)]},
    ]
    if CALLS[service]:
        egress.append({"to": [_pods(name) for name in sorted(CALLS[service])], "ports": [_port(GRPC)]})
    if service in STORED:
        postgres = {"podSelector": {"matchLabels": {"cnpg.io/cluster": "postgres"}}}
        egress.append({"to": [postgres], "ports": [_port(POSTGRES)]})
    if service in {"auth", "gateway"}:
        egress.append({"to": [_pods("redis")], "ports": [_port(REDIS)]})
        egress.append({"ports": [_port(443)]})  # the identity provider, wherever it is
    if service == "sync":
        egress.append({"ports": [_port(GRPC)]})  # the other servers
    selector = {"matchLabels": labels(service)}
    spec = {"podSelector": selector, "policyTypes": ["Ingress", "Egress"], "ingress": ingress, "egress": egress}
    return _named("networking.k8s.io/v1", "NetworkPolicy", service, spec=spec)


def certificates() -> list[Document]:
    """Return one certificate per service; an overlay puts its trust domain in place of STACK."""
    return [
        _named(
            "cert-manager.io/v1",
            "Certificate",
            service,
            spec={
                "secretName": f"tls-{service}",
                "duration": "2160h",
                "renewBefore": "720h",
                "privateKey": {"algorithm": "ECDSA", "size": 256, "rotationPolicy": "Always"},
                "usages": ["digital signature", "server auth", "client auth"],
                "uris": [f"spiffe://STACK/{service}"],
                "dnsNames": ["harmonia.internal"],
                "issuerRef": {"name": "stack-authority", "kind": "Issuer"},
            },
        )
        for service in SERVICES
    ]


def _service(service: str) -> Document:
    grpc = {"name": "grpc", "port": GRPC, "targetPort": "grpc"}
    port = {"name": "http", "port": 80, "targetPort": "http"} if service == "gateway" else grpc
    # Headless for gRPC: a long-lived channel must see every pod, not the one a virtual address gave it.
    address = {} if service == "gateway" else {"clusterIP": "None"}
    return _named("v1", "Service", service, spec={**address, "selector": labels(service), "ports": [port]})


def _named(version: str, kind: str, name: str, **rest: Any) -> Document:
    return {"apiVersion": version, "kind": kind, "metadata": {"name": name, "labels": labels(name)}, **rest}


def _locked_down() -> Document:
    return {
        "allowPrivilegeEscalation": False,
        "readOnlyRootFilesystem": True,
        "runAsNonRoot": True,
        "capabilities": {"drop": ["ALL"]},
        "seccompProfile": {"type": "RuntimeDefault"},
    }


def _secret(variable: str, name: str, key: str) -> Document:
    return {"name": variable, "valueFrom": {"secretKeyRef": {"name": name, "key": key}}}


def _pods(name: str) -> Document:
    return {"podSelector": {"matchLabels": {"app.kubernetes.io/name": name}}}


def _port(number: int, protocol: str = "TCP") -> Document:
    return {"protocol": protocol, "port": number}


class _Plain(yaml.SafeDumper):
    def ignore_aliases(self, data: Any) -> bool:
        return True


def _text(*documents: Document) -> str:
    return HEADER + yaml.dump_all(documents, Dumper=_Plain, sort_keys=False, width=120)


def generated() -> dict[Path, str]:
    """Return path below k8s/ → content, for every generated file."""
    files = {
        Path("base") / service / name: _text(document)
        for service in SERVICES
        for name, document in folder_of(service).items()
    }
    files[Path("components/mtls/certificates.yaml")] = _text(*certificates())
    return files


def renderer() -> list[str] | None:
    """Return the command that renders a folder, None where neither kubectl nor kustomize is installed."""
    if shutil.which("kustomize"):
        return ["kustomize", "build"]
    return ["kubectl", "kustomize"] if shutil.which("kubectl") else None


def render(overlay: str) -> str:
    """Return the manifests of one server.

    Raises:
        subprocess.CalledProcessError: the overlay does not render; why is on standard error.
    """
    command = renderer()
    assert command is not None, "kubectl or kustomize is needed"
    done = subprocess.run([*command, K8S / "stacks" / overlay], capture_output=True, text=True, check=True)
    return done.stdout


def main(arguments: Sequence[str]) -> int:
    """Write the generated files, then the manifests."""
    for path, content in generated().items():
        target = K8S / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(content, encoding="utf-8")
    if "--no-manifests" in arguments:
        return 0
    if renderer() is None:
        print("Neither kubectl nor kustomize is here: the manifests are not rendered.")
        return 0
    folder = ROOT / "dist" / "k8s"
    folder.mkdir(parents=True, exist_ok=True)
    for overlay in STACKS:
        (folder / f"{overlay}.yaml").write_text(render(overlay), encoding="utf-8")
        print(f"dist/k8s/{overlay}.yaml")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
