"""deploy/compose.yaml fits the files, settings, ports and dashboards around it."""

import json
import re
from pathlib import Path

import pytest
from ruamel.yaml import YAML

from app.settings import Settings
from tests.composed import (
    COMPOSE,
    DEMO,
    DEPLOY,
    OURS,
    PORTS,
    SCRIPTS,
    SECRETS,
    SERVICES,
    SOURCES,
    mounts,
    read,
)
from tests.debian_tools import ROOT, run

EACH = pytest.mark.parametrize("name", SERVICES)


@EACH
def test_what_is_mounted_from_here_exists_and_cannot_be_written(name: str):
    for volume in SERVICES[name].get("volumes", []):
        source, _, *mode = volume.split(":")
        if source.startswith("."):
            assert (DEPLOY / source).exists(), source
            assert mode == ["ro"], volume
        else:
            assert source in COMPOSE["volumes"]


def test_every_volume_and_secret_is_used_and_made():
    used = {source for name in SERVICES for source in mounts(name).values()}
    asked = {secret for each in SERVICES.values() for secret in each.get("secrets", [])}
    script = (SCRIPTS / "secrets.sh").read_text()
    [made] = re.findall(r"^for name in ([^;]+); do$", script, re.MULTILINE)

    assert set(COMPOSE["volumes"]) == {source for source in used if not source.startswith(".")}
    assert asked == SECRETS.keys() == set(made.replace("\\", "").split())
    for name, secret in SECRETS.items():
        assert secret == {"file": f"./compose/secrets/{name}"}


@EACH
def test_a_service_may_write_nowhere_but_in_its_volumes_and_has_no_rights_to_spare(name: str):
    service = SERVICES[name]

    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert "privileged" not in service
    if name not in OURS:
        uid = str(service["user"]).split(":")[0]
        assert uid.isdigit()
        assert uid != "0"


@EACH
def test_an_image_is_pinned_to_a_version(name: str):
    image, _, version = SERVICES[name]["image"].partition(":")

    assert re.fullmatch(r"v?\d+\.\d+(\.\d+)?(-\w+)?", version), version
    if image == "evenhand":
        assert f'version = "{version}"' in (ROOT / "pyproject.toml").read_text()
        assert SERVICES[name]["pull_policy"] == "build"
        assert (DEPLOY / SERVICES[name]["build"]["context"] / "Dockerfile").exists()


def test_the_versions_know_what_they_are_given():
    versions = {
        image.rpartition("/")[2]: tuple(int(n) for n in re.findall(r"\d+", version))
        for image, _, version in (each["image"].partition(":") for each in SERVICES.values())
    }
    schemas = {
        json.loads(file.read_text())["schemaVersion"]
        for file in (ROOT / "grafana" / "dashboards").glob("*.json")
    }

    # Schema 42 came with Grafana 12; webhooks by `url`, and the rules, are read by all since.
    assert schemas == {42}
    assert versions["grafana"] >= (12, 4)
    assert versions["postgres"] >= (15,)
    assert versions["prometheus"] >= (2, 42)
    assert versions["alertmanager"] >= (0, 25)


def test_only_loopback_ports_are_published_and_they_are_those_the_services_listen_on():
    published = {name: s["ports"] for name, s in COMPOSE["services"].items() if "ports" in s}

    assert published == {name: [f"127.0.0.1:{port}:{port}"] for name, port in PORTS.items()}
    assert SERVICES["evenhand"]["environment"]["EVENHAND_PORT"] == str(PORTS["evenhand"])
    assert f"EXPOSE {PORTS['evenhand']}" in (ROOT / "Dockerfile").read_text()


@pytest.mark.parametrize("name", sorted(OURS))
def test_our_settings_are_ones_that_the_service_reads(name: str):
    script = (SCRIPTS / "with_secrets.sh").read_text()
    told = {each for each in SERVICES[name].get("environment", {}) if each != "PYTHONPATH"}
    told |= set(re.findall(r"(EVENHAND_\w+)=", script))

    assert told <= {f"EVENHAND_{field.upper()}" for field in Settings.model_fields}


@EACH
def test_who_is_waited_for_exists_and_can_be_well(name: str):
    for other, how in SERVICES[name].get("depends_on", {}).items():
        waited = SERVICES[other]
        if how["condition"] == "service_completed_successfully":
            assert waited["restart"] == "no"
        else:
            has_own = "HEALTHCHECK" in (ROOT / "Dockerfile").read_text()
            assert "test" in waited.get("healthcheck", {}) or (other in OURS and has_own)
    for name_ in re.findall(r"service:(\w+)", SERVICES[name].get("network_mode", "")):
        assert name_ in SERVICES


def test_every_lasting_service_says_whether_it_is_well_with_a_program_of_its_own_image():
    programs = {
        name: each["healthcheck"]["test"][1]
        for name, each in COMPOSE["services"].items()
        if "test" in each.get("healthcheck", {})
    }

    assert programs == {
        "postgres": "pg_isready",
        "prometheus": "promtool",
        "alertmanager": "amtool",
        "grafana": "curl",
    }


def test_prometheus_is_configured_as_elsewhere_but_for_the_addresses():
    text = (DEPLOY / "prometheus" / "prometheus.yml").read_text()
    inside = text
    for name in ("evenhand", "prometheus", "alertmanager"):
        inside = inside.replace(f"'127.0.0.1:{PORTS[name]}'", f"'{name}:{PORTS[name]}'")

    assert YAML(typ="safe").load(inside) == read(SCRIPTS / "prometheus.yml")
    assert inside.partition("\n")[2] == (SCRIPTS / "prometheus.yml").read_text().partition("\n")[2]


def test_prometheus_accepts_the_files_as_they_are_mounted(tmp_path: Path):
    for target, source in mounts("prometheus").items():
        if source.startswith("."):
            assert Path(target).parent == Path("/etc/prometheus")
            (tmp_path / Path(target).name).write_text((DEPLOY / source).read_text())

    checked = run("promtool", "check", "config", tmp_path / "prometheus.yml")

    assert checked.returncode == 0, checked.stdout + checked.stderr
    [config] = [a for a in SERVICES["prometheus"]["command"] if a.startswith("--config.file")]
    assert config.partition("=")[2] in mounts("prometheus")


def test_alertmanager_is_given_the_configuration_that_is_tested():
    [config] = [a for a in SERVICES["alertmanager"]["command"] if a.startswith("--config.file")]

    assert mounts("alertmanager")[config.partition("=")[2]] == "./alertmanager/alertmanager.yml"
    hosts = set(
        re.findall(
            r"url: http://([\w.:]+)/", (DEPLOY / "alertmanager" / "alertmanager.yml").read_text()
        )
    )
    assert hosts == {"127.0.0.1:9095"}
    assert 'ADDRESS = ("127.0.0.1", 9095)' in (DEPLOY / "messages.py").read_text()
    assert SERVICES["messages"]["network_mode"] == "service:alertmanager"


@pytest.mark.requirement(55)
def test_grafana_finds_its_datasources_dashboards_and_home():
    grafana = SERVICES["grafana"]["environment"]
    [provider] = read(ROOT / "grafana" / "provisioning" / "dashboards" / "evenhand.yml")[
        "providers"
    ]
    folder = provider["options"]["path"]
    home = Path(grafana["GF_DASHBOARDS_DEFAULT_HOME_DASHBOARD_PATH"])

    assert mounts("grafana")["/etc/grafana/provisioning"] == "../grafana/provisioning"
    assert mounts("grafana")[folder] == "../grafana/dashboards"
    assert str(home.parent) == folder
    assert (ROOT / "grafana" / "dashboards" / home.name).exists()


@pytest.mark.requirement(46, 55)
def test_every_datasource_of_a_dashboard_is_provisioned_and_fixed():
    wanted = {
        (variable["query"], variable["current"]["value"])
        for file in (ROOT / "grafana" / "dashboards").glob("*.json")
        for variable in json.loads(file.read_text())["templating"]["list"]
        if variable["type"] == "datasource"
    }
    interval = read(DEPLOY / "prometheus" / "prometheus.yml")["global"]["scrape_interval"]

    assert wanted == {(source["type"], source["uid"]) for source in SOURCES}
    for source in SOURCES:
        assert source["editable"] is False
        assert source["jsonData"]["timeInterval"] == interval


def test_what_the_datasources_take_from_the_environment_is_there():
    grafana = SERVICES["grafana"]
    text = json.dumps(SOURCES)
    names = set(re.findall(r"\$\{(\w+)\}", text))
    files = set(re.findall(r"\$__file\{(.+?)\}", text))

    assert names == {name for name in grafana["environment"] if name.startswith("EVENHAND_")}
    assert files == {"/run/secrets/grafana_db_password"}
    assert {Path(file).name for file in files} <= set(grafana["secrets"])
    for address in ("EVENHAND_PROMETHEUS_URL", "EVENHAND_POSTGRES_ADDRESS"):
        host = re.sub(r"^http://|:\d+$", "", grafana["environment"][address])
        assert host in SERVICES


def test_no_secret_stands_in_a_file_that_is_kept():
    text = (DEPLOY / "compose.yaml").read_text()
    ignored = (SCRIPTS / ".gitignore").read_text().split()

    passwords = re.findall(r"^\s*(\w*PASSWORD\w*): *(.+)$", text, re.MULTILINE)
    assert passwords
    assert all(value.startswith("/run/secrets/") for _, value in passwords)
    assert ignored == ["secrets/"]


def test_the_builder_is_sent_what_the_image_copies_and_nothing_else():
    copied = re.findall(
        r"^COPY (?!--from)(.+) \S+$", (ROOT / "Dockerfile").read_text(), re.MULTILINE
    )
    lines = (ROOT / ".dockerignore").read_text().split("\n")

    assert "*" in lines
    assert {line[1:] for line in lines if line.startswith("!")} == set(" ".join(copied).split())


def test_the_demo_has_data_of_its_own_and_the_files_it_names():
    demo = SERVICES["evenhand in the demo"]
    folder = mounts("evenhand in the demo")["/srv/evenhand/deploy/demo"]
    wanted = set(re.findall(r"env: (\w+)", (DEPLOY / "demo" / "sources.yaml").read_text()))

    assert DEMO["name"] != COMPOSE["name"]
    for name, value in demo["environment"].items():
        assert name.startswith("EVENHAND_")
        assert (DEPLOY / folder / Path(value).name).exists()
    assert wanted == {secret.upper() for secret in demo["secrets"]}
