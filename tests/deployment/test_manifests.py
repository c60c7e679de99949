"""The five servers' manifests render, obey the schemas of Kubernetes, and keep the rules of the house."""

import os
import re
import subprocess
import sys
from functools import cache
from pathlib import Path

import kubernetes_validate
import pytest
import yaml

from node.settings import NodeSettings
from services.validation.clients import metrics
from services.validation.store.runs import OLDEST_WAIT_SQL
from tools.render_k8s import CALLS, K8S, SERVICES, STACKS, generated, render, renderer

ROOT = Path(__file__).resolve().parents[2]
OURS = {"Certificate", "Issuer", "Cluster", "ScaledObject", "TriggerAuthentication"}
"""Kinds of cert-manager, CloudNativePG and KEDA, whose schemas Kubernetes does not ship."""
needs_renderer = pytest.mark.skipif(renderer() is None, reason="Neither kubectl nor kustomize is installed.")
each_stack = pytest.mark.parametrize("overlay", STACKS)


@cache
def documents(overlay):
    return tuple(document for document in yaml.safe_load_all(render(overlay)) if document)


def of_kind(overlay, *kinds):
    return [document for document in documents(overlay) if document["kind"] in kinds]


def named(overlay, kind, name):
    return next(document for document in of_kind(overlay, kind) if document["metadata"]["name"] == name)


def pods(overlay):
    return {one["metadata"]["name"]: one["spec"]["template"]["spec"] for one in of_kind(overlay, "Deployment")}


def containers(overlay):
    return [
        (name, container)
        for name, pod in pods(overlay).items()
        for container in [*pod["containers"], *pod.get("initContainers", [])]
    ]


def variables(container, overlay="min"):
    plain = dict(named(overlay, "ConfigMap", "stack")["data"]) if container.get("envFrom") else {}
    return plain | {one["name"]: one.get("value", "") for one in container.get("env", [])}


def test_the_generated_files_are_fresh():
    stale = [str(path) for path, content in generated().items() if (K8S / path).read_text() != content]

    assert stale == []


def test_who_calls_whom_is_what_the_code_does():
    for service in SERVICES:
        folder = ROOT / "services" / service
        code = "".join(path.read_text() for path in folder.rglob("*.py"))
        called = set(re.findall(r"\.channel\(\"([a-z]+)\"\)", code))

        assert called <= set(CALLS[service]), service


def test_the_federation_says_the_same_everywhere():
    said = (K8S / "federation" / "README.md").read_text()
    for overlay, name in STACKS.items():
        line = re.search(rf"^\| {name} \| (.*?) \| (.*?) \|$", said, re.MULTILINE)
        config = yaml.safe_load_all((K8S / "stacks" / overlay / "stack.yaml").read_text())
        peers = yaml.safe_load(next(config)["data"]["SYNC_PEERS"])

        assert line is not None
        assert (set(line[1].split(", ")), line[2]) == (set(peers), f"harmonia-{overlay}")


@needs_renderer
@each_stack
def test_every_document_obeys_its_schema(overlay):
    for document in documents(overlay):
        if document["kind"] not in OURS:
            kubernetes_validate.validate(document, "1.34", strict=True)


@needs_renderer
@each_stack
def test_every_server_runs_every_service_as_itself(overlay):
    for service in SERVICES:
        pod = pods(overlay)[service]

        assert pod["containers"][0]["args"] == ["serve", service]
        assert pod["serviceAccountName"] == service
        assert named(overlay, "PodDisruptionBudget", service)
        assert named(overlay, "NetworkPolicy", service)
    assert named(overlay, "ConfigMap", "stack")["data"]["HARMONIA_STACK"] == STACKS[overlay]


@needs_renderer
@each_stack
def test_no_container_can_become_root_or_write_its_image(overlay):
    for name, pod in pods(overlay).items():
        assert pod["securityContext"]["runAsNonRoot"] is True, name
        assert pod["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}, name
        assert pod["automountServiceAccountToken"] is False, name
    for name, container in containers(overlay):
        context = container["securityContext"]
        assert context["readOnlyRootFilesystem"] is True, name
        assert context["allowPrivilegeEscalation"] is False, name
        assert context["capabilities"] == {"drop": ["ALL"]}, name


@needs_renderer
@each_stack
def test_every_container_has_its_share_and_its_probes(overlay):
    for name, container in containers(overlay):
        assert set(container["resources"]["requests"]) == {"cpu", "memory"}, name
        assert set(container["resources"]["limits"]) == {"cpu", "memory"}, name
    for name, pod in pods(overlay).items():
        for probe in ("startupProbe", "readinessProbe", "livenessProbe"):
            assert probe in pod["containers"][0], (name, probe)


@needs_renderer
@each_stack
def test_readiness_is_asked_over_grpc_and_liveness_does_not_depend_on_the_database(overlay):
    for service in SERVICES:
        container = pods(overlay)[service]["containers"][0]

        assert container["readinessProbe"]["grpc"] == {"port": 8086}
        assert container["livenessProbe"]["tcpSocket"] == {"port": "health"}
        assert variables(container, overlay)["HARMONIA_HEALTH_ADDRESS"].endswith(":8086")


@needs_renderer
@each_stack
def test_every_image_has_a_version(overlay):
    for name, container in containers(overlay):
        assert re.search(r":\d[\w.-]*$", container["image"]), (name, container["image"])


@needs_renderer
@each_stack
def test_what_no_policy_allows_does_not_pass(overlay):
    deny = named(overlay, "NetworkPolicy", "default-deny")

    assert deny["spec"] == {"podSelector": {}, "policyTypes": ["Ingress", "Egress"]}
    selected = {
        policy["spec"]["podSelector"].get("matchLabels", {}).get("app.kubernetes.io/name")
        for policy in of_kind(overlay, "NetworkPolicy")
    }
    assert set(pods(overlay)) <= selected


@needs_renderer
@pytest.mark.parametrize("service", SERVICES)
def test_a_service_is_reached_by_its_callers_only(service):
    policy = named("min", "NetworkPolicy", service)
    allowed = {
        source["podSelector"]["matchLabels"]["app.kubernetes.io/name"]
        for rule in policy["spec"]["ingress"]
        for source in rule.get("from", [])
        if "podSelector" in source
    }

    assert allowed == {caller for caller, called in CALLS.items() if service in called}


@needs_renderer
@each_stack
def test_everything_is_in_the_namespace_of_its_server(overlay):
    outside = [one for one in documents(overlay) if one["kind"] != "Namespace"]

    assert {one["metadata"]["namespace"] for one in outside} == {f"harmonia-{overlay}"}


@needs_renderer
@each_stack
def test_no_secret_is_written_down(overlay):
    assert of_kind(overlay, "Secret") == []
    for _, container in containers(overlay):
        for name, value in variables(container, overlay).items():
            assert not (value and re.search(r"PASSWORD$|SECRET$|__KEY$", name) and not value.startswith("/")), name


@needs_renderer
@each_stack
def test_every_certificate_names_a_service_of_this_server(overlay):
    uris = {one["metadata"]["name"]: one["spec"]["uris"] for one in of_kind(overlay, "Certificate")}

    assert uris == {service: [f"spiffe://{overlay}.harmonia/{service}"] for service in SERVICES}


@needs_renderer
@each_stack
def test_validation_scales_on_what_its_queue_waits_as_the_service_itself_measures_it(overlay):
    scaled = named(overlay, "ScaledObject", "validation")["spec"]
    (trigger,) = scaled["triggers"]
    asked, environment = trigger["metadata"], variables(pods(overlay)["validation"]["containers"][0], overlay)
    user, host, database = re.fullmatch(
        r"postgresql\+psycopg://(\w+):.*@([\w-]+):5432/(\w+)\?sslmode=require", environment["VALIDATION_DATABASE__URL"]
    ).groups()

    assert asked["query"] == OLDEST_WAIT_SQL
    assert (trigger["type"], trigger["metricType"]) == ("postgresql", "Value")
    assert (asked["userName"], asked["dbName"]) == (user, database)
    assert asked["host"] == f"{host}.harmonia-{overlay}.svc"
    assert scaled["scaleTargetRef"] == {"name": "validation"}
    assert "replicas" not in named(overlay, "Deployment", "validation")["spec"]
    proof = named(overlay, "TriggerAuthentication", trigger["authenticationRef"]["name"])["spec"]["secretTargetRef"]
    assert proof == [{"parameter": "password", "name": "database-validation", "key": "password"}]
    assert scaled["minReplicaCount"] < scaled["maxReplicaCount"]


@needs_renderer
@each_stack
def test_the_collector_takes_the_metrics_that_the_services_export(overlay):
    config = yaml.safe_load(named(overlay, "ConfigMap", "otel-collector")["data"]["collector.yaml"])
    pipeline = config["service"]["pipelines"]["metrics"]

    assert pipeline["receivers"] == ["otlp"]
    assert set(pipeline["exporters"]) <= set(config["exporters"])
    assert config["exporters"]["prometheus"]["endpoint"].endswith(":8889")


def test_the_metrics_that_are_written_down_are_those_that_are_exported():
    written = (ROOT / "docs" / "validation.md").read_text()

    assert set(re.findall(r"^\| `(harmonia\.validation\.[\w.]+)` \|", written, re.MULTILINE)) == {
        value for name, value in vars(metrics).items() if name.isupper()
    }


@needs_renderer
@pytest.mark.parametrize("service", SERVICES)
def test_the_environment_is_what_the_code_reads(service):
    container = pods("min")[service]["containers"][0]
    known = {"TRUST_DOMAIN", "DATABASE_PASSWORD", "REDIS_PASSWORD"}

    unread = [name for name in variables(container) if name not in known and not _is_read(name)]

    assert unread == []


def _is_read(name: str) -> bool:
    prefix, _, field = name.partition("_")
    settings = NodeSettings if prefix == "HARMONIA" else _settings_of(prefix.lower())
    group, _, inner = field.lower().partition("__")
    if group not in settings.model_fields:
        return False
    annotation = settings.model_fields[group].annotation
    return not inner or inner in annotation.model_fields


def _settings_of(service: str):
    __import__(f"services.{service}.settings")
    module = sys.modules[f"services.{service}.settings"]
    return getattr(module, f"{service.capitalize()}Settings")


@needs_renderer
def test_the_antivirus_may_be_added_and_only_forms_reaches_it(tmp_path):
    def from_here(path):
        return os.path.relpath(path, tmp_path.resolve())

    overlay = {
        "apiVersion": "kustomize.config.k8s.io/v1beta1",
        "kind": "Kustomization",
        "namespace": "harmonia-min",
        "resources": [from_here(K8S / "stacks" / "min")],
        "components": [from_here(K8S / "components" / "antivirus")],
    }
    (tmp_path / "kustomization.yaml").write_text(yaml.safe_dump(overlay))
    rendered = subprocess.run([*renderer(), str(tmp_path)], capture_output=True, text=True, check=True).stdout
    added = {(one["kind"], one["metadata"]["name"]): one for one in yaml.safe_load_all(rendered)}

    forms = added["Deployment", "forms"]["spec"]["template"]["spec"]["containers"][0]
    policy = added["NetworkPolicy", "clamd"]["spec"]
    clamd = added["Deployment", "clamd"]["spec"]["template"]["spec"]
    for kind in ("Deployment", "Service", "ConfigMap", "NetworkPolicy", "ServiceAccount"):
        kubernetes_validate.validate(added[kind, "clamd"], "1.34", strict=True)
    assert {"name": "FORMS_SCANNER__ADDRESS", "value": "clamd:3310"} in forms["env"]
    assert policy["ingress"][0]["from"] == [{"podSelector": {"matchLabels": {"app.kubernetes.io/name": "forms"}}}]
    assert clamd["automountServiceAccountToken"] is False
    for container in (*clamd["initContainers"], *clamd["containers"]):
        security = container["securityContext"]
        assert (security["readOnlyRootFilesystem"], security["capabilities"]) == (True, {"drop": ["ALL"]})
    assert "AlertExceedsMax yes" in added["ConfigMap", "clamd"]["data"]["clamd.conf"]
