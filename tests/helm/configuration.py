"""What the pods are told, as the program itself reads it."""

import functools
import pathlib
import re
import secrets
import tempfile
import tomllib

import yaml

from rendering import ROLES, TRIALS, VALUES, manifests, of_kind, run

# What the Secrets of a cluster hold.
SECRETS = {
    "QUANYU_DATABASE_URL": "postgres://quanyu:secret@postgresql:5432/quanyu",
    "QUANYU_SIGNING_KEY": "0123456789abcdef" * 4,
    "QUANYU_SIGNING_KEY_HONOURED": "fedcba9876543210" * 4,
    "QUANYU_NATS__PASSWORD": "a password of NATS",
    "QUANYU_NATS__TOKEN": "a token of NATS",
}
# What Kubernetes says of a pod.
FIELDS = {"status.podIP": "10.1.2.3", "metadata.labels['topology.kubernetes.io/zone']": "east"}
CERTIFICATES = "/etc/quanyu/database-ca/ca.crt"
# The public key of RFC 8037, appendix A.2.
JWKS = '{"keys": [{"kty": "OKP", "crv": "Ed25519", "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}]}\n'
MOUNTED = re.compile(r'^(\w+_file) = "((?:/run/secrets|/etc/quanyu)/.*)"$', re.MULTILINE)
MISSING_PEER = re.compile(r"^ *peers\.(\w+): must be set", re.MULTILINE)


class Process:
    """A container of a role as the program is started in it, with its files in a folder of ours."""

    def __init__(self, name, role, folder):
        self.role = role
        pod = of_kind(name, "Deployment")[role]["spec"]["template"]["spec"]
        self.container = pod["containers"][0]
        volumes = {volume["name"]: volume for volume in pod["volumes"]}
        self.mounts = {mount["mountPath"]: volumes[mount["name"]] for mount in self.container["volumeMounts"]}
        self.folder = pathlib.Path(folder)
        self.settings = of_kind(name, "ConfigMap")[role]["data"]["quanyu.toml"]
        self.file = pathlib.Path(folder, "quanyu.toml")
        # The volumes of Secrets and ConfigMaps are not here.
        self.here = MOUNTED.sub(lambda found: f'{found[1]} = "{self.stands_for(found[2])}"', self.settings)
        self.file.write_text(self.here)
        self.environment = environment(self.container)

    def stands_for(self, path):
        """A file of ours with what the Secret might hold."""
        name = pathlib.PurePath(path).name
        file = self.folder / name
        contents = {**certificates(), "jwks.json": JWKS, "first-api-key": f"qy_{secrets.token_hex(32)}\n"}
        file.write_text(contents.get(name, "a secret\n"))
        return file

    def quanyu(self, binary, *words):
        arguments = [self.file if word == "/etc/quanyu/settings/quanyu.toml" else word for word in self.container["args"]]
        return run(binary, *arguments, *words, env=self.environment)


@functools.cache
def certificates():
    """A CA, a certificate by it that every role may show, and that one's key, made as docs/operating.md says."""
    names = ",".join(f"DNS:{role}.quanyu" for role in ROLES)
    key = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes")
    with tempfile.TemporaryDirectory(prefix="quanyu-certificate.") as folder:
        extensions = pathlib.Path(folder, "names")
        extensions.write_text(f"subjectAltName={names}\nextendedKeyUsage=serverAuth,clientAuth\n")
        for command in (
            ("req", "-x509", *key, "-days", "2", "-subj", "/CN=a CA", "-keyout", "ca.key", "-out", "ca.crt"),
            ("req", *key, "-subj", "/CN=a test", "-keyout", "tls.key", "-out", "tls.csr"),
            ("x509", "-req", "-in", "tls.csr", "-CA", "ca.crt", "-CAkey", "ca.key", "-days", "2", "-extfile", "names", "-out", "tls.crt"),
        ):
            seen = run("openssl", *command, cwd=folder)
            assert seen.returncode == 0, seen.stderr
        return {name: pathlib.Path(folder, name).read_text() for name in ("ca.crt", "tls.crt", "tls.key")}


def environment(container):
    """The variables of a container, with what Secrets and the pod's own fields hold."""
    found = {}
    for variable in container["env"]:
        name, source = variable["name"], variable.get("valueFrom", {})
        if "secretKeyRef" in source:
            found[name] = SECRETS[name]
        elif "fieldRef" in source:
            found[name] = FIELDS[source["fieldRef"]["fieldPath"]]
        else:
            found[name] = re.sub(r"\$\((\w+)\)", lambda other: found[other[1]], variable["value"])
    return found


def processes(names=tuple(VALUES)):
    for name in names:
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
                seen = run(binary, *container["args"], "--check-config", env=environment(container))
                assert seen.returncode == 0, f"{name}: {seen.stdout}{seen.stderr}"
                seen = run(binary, *container["args"], "nobody", "--check-config", env=environment(container))
                assert seen.returncode != 0, f"{name}: {seen.stdout}{seen.stderr}"


def the_program_refuses_settings_that_are_none(binary):
    for name, process in processes(["everything"]):
        process.file.write_text(f"lisen = 1\n{process.here}")
        assert process.quanyu(binary, "--check-config").returncode != 0, f"{name}: {process.role}"


def every_setting_of_the_file_is_in_force(binary):
    for name, process in processes():
        written = tomllib.loads(process.here)
        seen = process.quanyu(binary, "--print-config")
        in_force = tomllib.loads(seen.stdout)
        for key, value in written.items():
            assert holds(in_force.get(key), value), f"{name}: {process.role}: {key}: {in_force.get(key)}"
        for variable in process.environment.keys() & SECRETS.keys():
            assert process.environment[variable] not in seen.stdout, f"{name}: {process.role}: {variable}"


def holds(in_force, written):
    """Whether a setting is as it is written. An issuer has more in force than what is written of it."""
    if isinstance(written, dict):
        return isinstance(in_force, dict) and all(holds(in_force.get(key), value) for key, value in written.items())
    if isinstance(written, list):
        return isinstance(in_force, list) and len(in_force) == len(written) and all(map(holds, in_force, written))
    return in_force == written


def ports_and_files_are_where_the_settings_say(binary):
    for name, process in processes():
        settings = tomllib.loads(process.settings)
        ports = {port["name"]: port["containerPort"] for port in process.container["ports"]}
        assert settings["listen"].endswith(f":{ports['grpc']}"), f"{name}: {process.role}"
        assert settings["admin_listen"].endswith(f":{ports['admin']}"), f"{name}: {process.role}"
        assert "configMap" in process.mounts["/etc/quanyu/settings"], f"{name}: {process.role}"
        assert "emptyDir" in process.mounts["/tmp"], f"{name}: {process.role}"
        for file in files(settings):
            where = pathlib.PurePath(file)
            volume = process.mounts[str(where.parent)]
            items = volume.get("secret", volume.get("configMap"))["items"]
            assert where.name in [item["path"] for item in items], f"{name}: {process.role}: {file}"
            # A file that is mounted alone stays as it was when its Secret changes.
            assert not any("subPath" in mount for mount in process.container["volumeMounts"]), f"{name}: {process.role}"
        if certificates := process.mounts.get(str(pathlib.PurePath(CERTIFICATES).parent)):
            assert [item["path"] for item in certificates["configMap"]["items"]] == ["ca.crt"], name


def files(settings):
    """The files that a pod is to read, in whatever group of its settings."""
    for key, value in settings.items():
        if isinstance(value, dict):
            yield from files(value)
        elif isinstance(value, list):
            for item in value:
                yield from files(item) if isinstance(item, dict) else ()
        elif key.endswith("_file") and value.startswith(("/run/secrets/", "/etc/quanyu/")):
            yield value


def an_address_with_certificates_is_taken(binary):
    with tempfile.TemporaryDirectory(prefix="quanyu-settings.") as folder:
        process = Process("production", "points", folder)
        process.environment["QUANYU_DATABASE_URL"] += f"?sslmode=verify-full&sslrootcert={CERTIFICATES}"
        seen = process.quanyu(binary, "--check-config")
        assert seen.returncode == 0, seen.stdout + seen.stderr


def peers_are_those_that_the_program_asks_for(binary):
    for name, process in processes():
        if "discovery = \"etcd\"" in process.settings:
            continue
        named = tomllib.loads(process.settings).get("peers", {})
        process.file.write_text(re.sub(r"\n\[peers\]\n(\w+ = .*\n)+", "\n", process.here))
        seen = process.quanyu(binary, "--check-config")
        asked = set(MISSING_PEER.findall(seen.stdout + seen.stderr))
        assert asked == set(named), f"{name}: {process.role} asks for {asked}, is told {set(named)}"


def replicas_that_register_can_be_called(binary):
    for name, process in processes():
        settings = tomllib.loads(process.settings)
        has_etcd = settings["discovery"] == "etcd"
        assert ("QUANYU_ADVERTISE" in process.environment) == has_etcd, f"{name}: {process.role}"
        if not has_etcd:
            continue
        in_force = tomllib.loads(process.quanyu(binary, "--print-config").stdout)
        host, port = ("[10.1.2.3]" if "[::]" in settings["listen"] else "10.1.2.3"), settings["listen"].rsplit(":", 1)[1]
        scheme = "https" if "mesh_tls" in settings else "http"
        assert in_force["advertise"] == f"{scheme}://{host}:{port}", f"{name}: {process.role}: {in_force['advertise']}"
        assert in_force.get("zone") == ("east" if name == "everything" else None), f"{name}: {process.role}"
        assert settings["etcd"]["replicas_file"].startswith("/tmp/"), f"{name}: {process.role}"


def each_role_reaches_etcd_and_nats_and_the_gateway_its_issuers():
    """By the policies, at the ports of every node, and where there is none at none."""
    for name in VALUES:
        policy = yaml.safe_load(VALUES[name].read_text()).get("networkPolicy", {})
        for role in ROLES:
            settings = tomllib.loads(of_kind(name, "ConfigMap")[role]["data"]["quanyu.toml"])
            etcd = settings.get("etcd", {}).get("endpoints", "")
            urls = [issuer["jwks_url"] for issuer in settings.get("gateway", {}).get("issuers", []) if "jwks_url" in issuer]
            issuers = ["/".join(url.split("/")[:3]) for url in urls]
            assert bool(issuers) == (role == "gateway" and name in ("everything", "production")), f"{name}: {role}"
            for kind, nodes, standard in (("etcd", etcd.split(", ") if etcd else [], 80),
                                          ("nats", settings.get("nats", {}).get("urls", []), 4222), ("issuers", issuers, 443)):
                ports = {int(port[1]) if (port := re.search(r":(\d+)$", node)) else standard for node in nodes}
                opened = [rule for rule in of_kind(name, "NetworkPolicy")[role]["spec"]["egress"]
                          if ports and {port["port"] for port in rule["ports"]} == ports]
                assert len(opened) == (1 if nodes else 0), f"{name}: {role}: {kind}: {opened}"
                if name not in TRIALS and nodes:
                    assert opened[0].get("to", []) == policy.get(kind, {}).get("to", []), f"{name}: {role}: {kind}: {opened}"
                if name in TRIALS and nodes:
                    assert opened[0]["to"][0]["podSelector"]["matchLabels"]["app.kubernetes.io/component"] == kind, name
                    service = of_kind(name, "Service")[kind]
                    scheme = {"etcd": "http", "nats": "nats"}[kind]
                    assert nodes == [f"{scheme}://{service['metadata']['name']}.member.svc:{service['spec']['ports'][0]['port']}"], name


def certificates_are_where_they_are_shown():
    """Each role's own, for the name by which the others know it; the gateway's for its callers."""
    for name in VALUES:
        issued = {m["spec"]["secretName"]: m["spec"] for m in manifests(name) if m["kind"] == "Certificate"}
        for role in ROLES:
            settings = tomllib.loads(of_kind(name, "ConfigMap")[role]["data"]["quanyu.toml"])
            volumes = {v["name"]: v for v in of_kind(name, "Deployment")[role]["spec"]["template"]["spec"]["volumes"]}
            service = of_kind(name, "Service")[role]["spec"]["ports"][0]
            speaks_tls = ("tls" if role == "gateway" else "mesh_tls") in settings
            assert service["appProtocol"] == ("https" if speaks_tls else "kubernetes.io/h2c"), f"{name}: {role}"
            assert ("tls" in settings) <= (role == "gateway"), f"{name}: {role}"
            for group in ("tls", "mesh_tls"):
                volume = volumes.get(group.replace("_", "-"))
                assert bool(volume) == (group in settings), f"{name}: {role}: {group}"
                certificate = issued.pop(volume["secret"]["secretName"], None) if volume else None
                if certificate and group == "tls":
                    assert certificate["dnsNames"] == ["api.member.example", "grpc.member.example"], name
                elif certificate:
                    assert certificate["dnsNames"] == [f"{role}.quanyu"], f"{name}: {role}"
                    assert set(certificate["usages"]) == {"server auth", "client auth"}, f"{name}: {role}"
        assert not issued, f"{name}: nobody shows {set(issued)}"
        ports = {port["name"] for port in of_kind(name, "Service")["gateway"]["spec"]["ports"]}
        for ingress in (m for m in manifests(name) if m["kind"] == "Ingress"):
            for rule in ingress["spec"]["rules"]:
                assert rule["http"]["paths"][0]["backend"]["service"]["port"]["name"] in ports, name
        routed = any(m["kind"] in ("HTTPRoute", "GRPCRoute") for m in manifests(name))
        checked = any(m["kind"] == "BackendTLSPolicy" for m in manifests(name))
        assert checked == (routed and "https" in ports), name


def peers_are_at_their_services(binary):
    for name, process in processes():
        settings = tomllib.loads(process.settings)
        for peer, address in settings.get("peers", {}).items():
            service = of_kind(name, "Service")[f"{peer}-pods" if settings["discovery"] == "dns" else peer]
            scheme = "https" if "mesh_tls" in settings else "http"
            expected = f"{scheme}://{service['metadata']['name']}.member.svc:{service['spec']['ports'][0]['port']}"
            assert address == expected, f"{name}: {process.role}: {address}"


def only_those_who_call_get_through(binary):
    """Each way of the network policies, seen from both its ends."""
    for name in VALUES:
        policies = of_kind(name, "NetworkPolicy")
        # Who calls whom is no matter of how it is found.
        calls = {role: set(tomllib.loads(of_kind("default", "ConfigMap")[role]["data"]["quanyu.toml"]).get("peers", {})) for role in ROLES}
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
    replicas_that_register_can_be_called,
    each_role_reaches_etcd_and_nats_and_the_gateway_its_issuers,
    certificates_are_where_they_are_shown,
    only_those_who_call_get_through,
)
