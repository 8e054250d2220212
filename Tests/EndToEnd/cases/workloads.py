"""Programs that people run, whole: images of Debian's packages, configuration, data, probes, side-cars."""
from e2e.suite import case, container, contains, equal, is_ready, pod, wait


@case("PostgreSQL: a password from a Secret, settings from a ConfigMap, data that outlives its container", own_nodes=True)
def postgres(t):
    t.node = t.new_node("postgres", images=("busybox", "postgres"))
    t.namespace = "default"
    t.apply(
        {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "login"}, "stringData": {"password": "s3cret!"}},
        {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "settings"},
         "data": {"work_mem": "7MB"}})
    server = container("server", image="postgres:15", args=["postgres", "-c", "work_mem=$(WORK_MEM)"])
    server["env"] = [
        {"name": "POSTGRES_PASSWORD", "valueFrom": {"secretKeyRef": {"name": "login", "key": "password"}}},
        {"name": "WORK_MEM", "valueFrom": {"configMapKeyRef": {"name": "settings", "key": "work_mem"}}}]
    server["ports"] = [{"containerPort": 5432}]
    server["volumeMounts"] = [{"name": "data", "mountPath": "/var/lib/postgresql"}]
    ready = {"exec": {"command": ["pg_isready", "-h", "127.0.0.1", "-U", "postgres"]}, "periodSeconds": 1}
    server["startupProbe"] = {**ready, "failureThreshold": 60}
    server["readinessProbe"] = ready
    t.create(pod("db", server, volumes=[{"name": "data", "emptyDir": {}}],
                 securityContext={"runAsUser": 999, "runAsGroup": 999, "fsGroup": 999}))
    t.wait_pod("db", "to be ready", is_ready, timeout=90)

    def sql(text):
        command = f"PGPASSWORD=s3cret! psql -h 127.0.0.1 -U postgres -Atc '{text}'"
        return t.shell("db", command).strip()

    equal(sql("show work_mem"), "7MB", "the setting")
    sql("create table answers (n int); insert into answers values (42)")
    t.shell("db", "kill -INT 1", check=False)
    t.wait_pod("db", "to be restarted", lambda p: p["status"]["containerStatuses"][0]["restartCount"] == 1)
    t.wait_pod("db", "to be ready again", is_ready, timeout=90)
    equal(sql("select n from answers"), "42", "the row after the restart")


@case("a pod of six containers starts and ends in its order, with hooks and side-cars")
def six(t):
    mounts = {"volumeMounts": [{"name": "shared", "mountPath": "/shared"}]}
    stays = "trap 'echo {0}-term >> /shared/log; exit 0' TERM; echo {0} >> /shared/log; while true; do sleep 0.05; done"

    def stay(name, **fields):
        return container(name, script=stays.format(name), **mounts, **fields)

    def hook(text):
        return {"exec": {"command": ["sh", "-c", f"echo {text} >> /shared/log"]}}

    keeper = container("keeper", script="trap 'cat /shared/log > /dev/termination-log; exit 0' TERM; "
                       "while true; do sleep 0.05; done", **mounts, restartPolicy="Always")
    proxy = stay("proxy", restartPolicy="Always",
                 startupProbe={"exec": {"command": ["grep", "-q", "^proxy$", "/shared/log"]}, "periodSeconds": 1})
    setup = container("setup", script="echo setup >> /shared/log", **mounts)
    first = stay("first", lifecycle={"postStart": hook("first-hook"), "preStop": hook("first-stop")})
    value = pod("six", first, container("job", script="echo job >> /shared/log", restartPolicy="Never", **mounts),
                stay("last"), volumes=[{"name": "shared", "emptyDir": {}}])
    value["spec"]["initContainers"] = [keeper, setup, proxy]
    value["metadata"]["finalizers"] = ["example.org/wait"]
    t.create(value)
    wait("all to have started", lambda: "last" in t.shell("six", "cat /shared/log", "-c", "last", check=False).split())
    t.kubectl("delete", "pod", "six", "--wait=false")
    found = t.wait_pod("six", "to have ended", lambda p: all(
        "terminated" in status["state"] for status in p["status"].get("initContainerStatuses", [{"state": {}}])))
    lines = found["status"]["initContainerStatuses"][0]["state"]["terminated"]["message"].split()
    equal([line for line in lines if line in ("setup", "proxy", "job", "last")], ["setup", "proxy", "job", "last"],
          "the order of the starts")
    contains(lines, "first-hook", "the hook's line")
    equal(lines.index("first-hook") < lines.index("job"), True, "whether the next container waited for the hook")
    equal(lines.index("first-stop") < lines.index("first-term"), True, "whether preStop came before TERM")
    equal(lines[-1], "proxy-term", "who ends last")
    # A pod that waits for its finalizer may be deleted again.
    t.kubectl("delete", "pod", "six", "--wait=false", "--grace-period=0", "--force")
    t.kubectl("patch", "pod", "six", "--type=merge", "-p", '{"metadata": {"finalizers": null}}')
    t.gone("six")
