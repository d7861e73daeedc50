"""What the pods are told, as the program itself reads it."""

import pathlib
import re
import secrets
import tempfile
import tomllib

from rendering import ROLES, VALUES, of_kind, run

# What the Secrets of a cluster hold.
SECRETS = {
    "QUANYU_DATABASE_URL": "postgres://quanyu:secret@postgresql:5432/quanyu",
    "QUANYU_SIGNING_KEY": "0123456789abcdef" * 4,
    "QUANYU_SIGNING_KEY_HONOURED": "fedcba9876543210" * 4,
}
CERTIFICATES = "/etc/quanyu/database-ca/ca.crt"
MISSING_PEER = re.compile(r"^ *peers\.(\w+): must be set", re.MULTILINE)


class Process:
    """A container of a role as the program is started in it, with its files in a folder of ours."""

    def __init__(self, name, role, folder):
        self.role = role
        pod = of_kind(name, "Deployment")[role]["spec"]["template"]["spec"]
        self.container = pod["containers"][0]
        volumes = {volume["name"]: volume for volume in pod["volumes"]}
        self.mounts = {mount["mountPath"]: volumes[mount["name"]] for mount in self.container["volumeMounts"]}
        first_key = pathlib.Path(folder, "first-api-key")
        first_key.write_text(f"qy_{secrets.token_hex(32)}\n")
        self.settings = of_kind(name, "ConfigMap")[role]["data"]["quanyu.toml"]
        self.file = pathlib.Path(folder, "quanyu.toml")
        # The volume of the Secret is not here.
        self.here = re.sub(r'^first_api_key_file = .*$', f'first_api_key_file = "{first_key}"', self.settings, flags=re.MULTILINE)
        self.file.write_text(self.here)
        self.environment = {variable["name"]: SECRETS[variable["name"]] for variable in self.container["env"]}

    def quanyu(self, binary, *words):
        arguments = [self.file if word == "/etc/quanyu/settings/quanyu.toml" else word for word in self.container["args"]]
        return run(binary, *arguments, *words, env=self.environment)


def processes():
    for name in VALUES:
        for role in ROLES:
            with tempfile.TemporaryDirectory(prefix="quanyu-settings.") as folder:
                yield name, Process(name, role, folder)


def the_program_takes_the_settings_of_every_pod(binary):
    for name, process in processes():
        seen = process.quanyu(binary, "--check-config")
        assert seen.returncode == 0, f"{name}: {process.role}: {seen.stdout}{seen.stderr}"


def the_program_takes_the_command_of_the_job(binary):
    for name in VALUES:
        for job in of_kind(name, "Job").values():
            for container in job["spec"]["template"]["spec"]["containers"]:
                environment = {variable["name"]: SECRETS[variable["name"]] for variable in container["env"]}
                seen = run(binary, *container["args"], "--check-config", env=environment)
                assert seen.returncode == 0, f"{name}: {seen.stdout}{seen.stderr}"
                seen = run(binary, *container["args"], "nobody", "--check-config", env=environment)
                assert seen.returncode != 0, f"{name}: {seen.stdout}{seen.stderr}"


def the_program_refuses_settings_that_are_none(binary):
    for name, process in processes():
        process.file.write_text(f"lisen = 1\n{process.here}")
        assert process.quanyu(binary, "--check-config").returncode != 0, f"{name}: {process.role}"


def every_setting_of_the_file_is_in_force(binary):
    for name, process in processes():
        written = tomllib.loads(process.here)
        seen = process.quanyu(binary, "--print-config")
        in_force = tomllib.loads(seen.stdout)
        for key, value in written.items():
            assert in_force[key] == value, f"{name}: {process.role}: {key}: {in_force.get(key)}"
        for secret in process.environment.values():
            assert secret not in seen.stdout, f"{name}: {process.role}"


def ports_and_files_are_where_the_settings_say(binary):
    for name, process in processes():
        settings = tomllib.loads(process.settings)
        ports = {port["name"]: port["containerPort"] for port in process.container["ports"]}
        assert settings["listen"].endswith(f":{ports['grpc']}"), f"{name}: {process.role}"
        assert settings["admin_listen"].endswith(f":{ports['admin']}"), f"{name}: {process.role}"
        assert "configMap" in process.mounts["/etc/quanyu/settings"], f"{name}: {process.role}"
        assert "emptyDir" in process.mounts["/tmp"], f"{name}: {process.role}"
        if key := settings.get("first_api_key_file"):
            where = pathlib.PurePath(key)
            items = process.mounts[str(where.parent)]["secret"]["items"]
            assert [item["path"] for item in items] == [where.name], f"{name}: {process.role}"
        if certificates := process.mounts.get(str(pathlib.PurePath(CERTIFICATES).parent)):
            assert [item["path"] for item in certificates["configMap"]["items"]] == ["ca.crt"], name


def an_address_with_certificates_is_taken(binary):
    with tempfile.TemporaryDirectory(prefix="quanyu-settings.") as folder:
        process = Process("production", "points", folder)
        process.environment["QUANYU_DATABASE_URL"] += f"?sslmode=verify-full&sslrootcert={CERTIFICATES}"
        seen = process.quanyu(binary, "--check-config")
        assert seen.returncode == 0, seen.stdout + seen.stderr


def peers_are_those_that_the_program_asks_for(binary):
    for name, process in processes():
        named = tomllib.loads(process.settings).get("peers", {})
        process.file.write_text(re.sub(r"\n\[peers\]\n(\w+ = .*\n)+", "\n", process.here))
        seen = process.quanyu(binary, "--check-config")
        asked = set(MISSING_PEER.findall(seen.stdout + seen.stderr))
        assert asked == set(named), f"{name}: {process.role} asks for {asked}, is told {set(named)}"


def peers_are_at_their_services(binary):
    for name, process in processes():
        for peer, address in tomllib.loads(process.settings).get("peers", {}).items():
            service = of_kind(name, "Service")[peer]
            expected = f"http://{service['metadata']['name']}.member.svc:{service['spec']['ports'][0]['port']}"
            assert address == expected, f"{name}: {process.role}: {address}"


def only_those_who_call_get_through(binary):
    """Each way of the network policies, seen from both its ends."""
    for name in VALUES:
        policies = of_kind(name, "NetworkPolicy")
        calls = {role: set(tomllib.loads(of_kind(name, "ConfigMap")[role]["data"]["quanyu.toml"]).get("peers", {})) for role in ROLES}
        for role in ROLES:
            spec = policies[role]["spec"]
            port = of_kind(name, "Service")[role]["spec"]["ports"][0]["port"]
            calling = [{"port": port, "protocol": "TCP"}]
            leaves = [rule for rule in spec["egress"] if rule["ports"] == calling]
            assert {to for rule in leaves for to in components(rule["to"])} == calls[role], f"{name}: {role}"
            enters = [rule for rule in spec["ingress"] if rule["ports"] == calling]
            if role != "gateway":
                callers = {other for other in ROLES if role in calls[other]}
                assert set(components(enters[0]["from"])) == callers, f"{name}: {role}"
            asks_names = [port["port"] for rule in spec["egress"] for port in rule["ports"]]
            assert 53 in asks_names, f"{name}: {role}"


def components(peers):
    for peer in peers:
        for expression in peer["podSelector"]["matchExpressions"]:
            yield from expression["values"]


CHECKS = (
    the_program_takes_the_command_of_the_job,
    the_program_takes_the_settings_of_every_pod,
    the_program_refuses_settings_that_are_none,
    every_setting_of_the_file_is_in_force,
    ports_and_files_are_where_the_settings_say,
    an_address_with_certificates_is_taken,
    peers_are_those_that_the_program_asks_for,
    peers_are_at_their_services,
    only_those_who_call_get_through,
)
