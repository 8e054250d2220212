"""The command lines of kubectl/: exit code and standard error are what Kubernetes gives."""
import pathlib
import re
import shlex

from e2e.failure import Failure
from e2e.places import execute
from e2e.suite import case

FOLDER = pathlib.Path(__file__).resolve().parents[1] / "kubectl"


def read(path):
    """The file's steps: line number, command, input, exit code, patterns for the lines of standard error."""
    steps, lines = [], path.read_text().splitlines()
    index = 0
    while index < len(lines):
        line = lines[index]
        index += 1
        if not line.startswith("$ "):
            continue
        step = {"line": index, "command": line[2:], "input": [], "code": 0, "errors": [], "optional": []}
        while index < len(lines) and lines[index] and not lines[index].startswith(("$ ", "#")):
            mark, text = lines[index][:2], lines[index][2:]
            if mark == "| " or lines[index] == "|":
                step["input"].append(text)
            elif mark == "= ":
                step["code"] = int(text)
            elif mark == "! ":
                step["errors"].append(text)
            elif mark == "? ":
                step["optional"].append(text)
            else:
                raise Failure(f"{path.name}:{index + 1}: expected a line that begins with |, =, ! or ?")
            index += 1
        steps.append(step)
    return steps


def declare(path):
    @case(f"every command of kubectl/{path.name}", each_kubectl=True)
    def run(t):
        old = t.info.kubectl.endswith("kubectl-1.20")
        complaints = []
        for step in read(path):
            words = shlex.split(step["command"].replace("NAMESPACE", t.namespace).replace("NODE", t.node.name))
            if words[0] in ("[old]", "[new]"):
                if (words[0] == "[old]") != old:
                    continue
                words = words[1:]
            env = {"KUBECONFIG": str(t.node.kubeconfig), "HOME": str(t.directory), "KUBE_EDITOR": "sed -i s/before/after/"}
            text = "\n".join(step["input"]) + "\n" if step["input"] else None
            found = execute(t.info.kubectl, "--namespace", t.namespace, *words[1:], env=env, check=False, input=text,
                            timeout=60)
            errors = [line for line in found.err.splitlines() if line.strip()
                      and not any(re.fullmatch(pattern, line) for pattern in step["optional"])]
            wanted = [pattern.replace("NAMESPACE", t.namespace) for pattern in step["errors"]]
            if wanted and wanted[-1] == "...":
                wanted, errors = wanted[:-1], errors[: len(wanted) - 1]
            same = len(errors) == len(wanted) and all(re.fullmatch(p, e) for p, e in zip(wanted, errors))
            if found.code != step["code"] or not same:
                complaints.append(
                    f"{path.name}:{step['line']}: `{step['command']}`: expected code {step['code']} and stderr {wanted}; "
                    f"found {found}")
        if complaints:
            raise Failure("\n".join(complaints))


for file in sorted(FOLDER.glob("*.txt")):
    declare(file)
