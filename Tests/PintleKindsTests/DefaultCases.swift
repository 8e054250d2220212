/// A small object, and what an API server answers when it's created: every default in its place.
struct DefaultCase {
    /// What the case is about.
    let title: String
    /// What the client sends.
    let sent: String
    /// What comes back, without the fields of `metadata` that are the server's own.
    let stored: String
}

extension DefaultCase: CustomStringConvertible {
    var description: String { title }
}

extension DefaultCase {
    static let all = [
        DefaultCase(
            title: "the smallest pod",
            sent: #"""
                {
                 "apiVersion": "v1",
                 "kind": "Pod",
                 "metadata": {
                  "name": "p"
                 },
                 "spec": {
                  "containers": [
                   {
                    "name": "c",
                    "image": "nginx"
                   }
                  ]
                 }
                }
                """#,
            stored: #"""
                {
                 "kind": "Pod",
                 "apiVersion": "v1",
                 "metadata": {
                  "name": "p",
                  "namespace": "default",
                  "generation": 1
                 },
                 "spec": {
                  "containers": [
                   {
                    "name": "c",
                    "image": "nginx",
                    "resources": {},
                    "terminationMessagePath": "/dev/termination-log",
                    "terminationMessagePolicy": "File",
                    "imagePullPolicy": "Always"
                   }
                  ],
                  "restartPolicy": "Always",
                  "terminationGracePeriodSeconds": 30,
                  "dnsPolicy": "ClusterFirst",
                  "serviceAccountName": "default",
                  "serviceAccount": "default",
                  "securityContext": {},
                  "schedulerName": "default-scheduler",
                  "tolerations": [
                   {
                    "key": "node.kubernetes.io/not-ready",
                    "operator": "Exists",
                    "effect": "NoExecute",
                    "tolerationSeconds": 300
                   },
                   {
                    "key": "node.kubernetes.io/unreachable",
                    "operator": "Exists",
                    "effect": "NoExecute",
                    "tolerationSeconds": 300
                   }
                  ],
                  "priority": 0,
                  "enableServiceLinks": true,
                  "preemptionPolicy": "PreemptLowerPriority"
                 },
                 "status": {
                  "phase": "Pending",
                  "qosClass": "BestEffort"
                 }
                }
                """#),
        DefaultCase(
            title: "a pod with volumes, probes and a sidecar",
            sent: #"""
                {
                 "apiVersion": "v1",
                 "kind": "Pod",
                 "metadata": {
                  "name": "p2"
                 },
                 "spec": {
                  "initContainers": [
                   {
                    "name": "i",
                    "image": "busybox:1.36",
                    "restartPolicy": "Always"
                   }
                  ],
                  "containers": [
                   {
                    "name": "c",
                    "image": "nginx:latest",
                    "ports": [
                     {
                      "containerPort": 80,
                      "name": "http"
                     }
                    ],
                    "livenessProbe": {
                     "httpGet": {
                      "port": "http"
                     }
                    },
                    "readinessProbe": {
                     "tcpSocket": {
                      "port": 80
                     }
                    },
                    "startupProbe": {
                     "exec": {
                      "command": [
                       "true"
                      ]
                     }
                    },
                    "resources": {
                     "limits": {
                      "cpu": "1",
                      "memory": "64Mi"
                     }
                    },
                    "env": [
                     {
                      "name": "N",
                      "valueFrom": {
                       "fieldRef": {
                        "fieldPath": "metadata.name"
                       }
                      }
                     }
                    ],
                    "lifecycle": {
                     "preStop": {
                      "httpGet": {
                       "port": 80
                      }
                     }
                    },
                    "volumeMounts": [
                     {
                      "name": "v",
                      "mountPath": "/v"
                     }
                    ]
                   }
                  ],
                  "volumes": [
                   {
                    "name": "v",
                    "emptyDir": {}
                   },
                   {
                    "name": "h",
                    "hostPath": {
                     "path": "/tmp"
                    }
                   },
                   {
                    "name": "s",
                    "secret": {
                     "secretName": "s"
                    }
                   },
                   {
                    "name": "cm",
                    "configMap": {
                     "name": "c"
                    }
                   },
                   {
                    "name": "d",
                    "downwardAPI": {
                     "items": [
                      {
                       "path": "l",
                       "fieldRef": {
                        "fieldPath": "metadata.labels"
                       }
                      }
                     ]
                    }
                   },
                   {
                    "name": "pr",
                    "projected": {
                     "sources": [
                      {
                       "serviceAccountToken": {
                        "path": "t"
                       }
                      }
                     ]
                    }
                   }
                  ],
                  "hostNetwork": false
                 }
                }
                """#,
            stored: #"""
                {
                 "kind": "Pod",
                 "apiVersion": "v1",
                 "metadata": {
                  "name": "p2",
                  "namespace": "default",
                  "generation": 1
                 },
                 "spec": {
                  "volumes": [
                   {
                    "name": "v",
                    "emptyDir": {}
                   },
                   {
                    "name": "h",
                    "hostPath": {
                     "path": "/tmp",
                     "type": ""
                    }
                   },
                   {
                    "name": "s",
                    "secret": {
                     "secretName": "s",
                     "defaultMode": 420
                    }
                   },
                   {
                    "name": "cm",
                    "configMap": {
                     "name": "c",
                     "defaultMode": 420
                    }
                   },
                   {
                    "name": "d",
                    "downwardAPI": {
                     "items": [
                      {
                       "path": "l",
                       "fieldRef": {
                        "apiVersion": "v1",
                        "fieldPath": "metadata.labels"
                       }
                      }
                     ],
                     "defaultMode": 420
                    }
                   },
                   {
                    "name": "pr",
                    "projected": {
                     "sources": [
                      {
                       "serviceAccountToken": {
                        "expirationSeconds": 3600,
                        "path": "t"
                       }
                      }
                     ],
                     "defaultMode": 420
                    }
                   }
                  ],
                  "initContainers": [
                   {
                    "name": "i",
                    "image": "busybox:1.36",
                    "resources": {},
                    "restartPolicy": "Always",
                    "terminationMessagePath": "/dev/termination-log",
                    "terminationMessagePolicy": "File",
                    "imagePullPolicy": "IfNotPresent"
                   }
                  ],
                  "containers": [
                   {
                    "name": "c",
                    "image": "nginx:latest",
                    "ports": [
                     {
                      "name": "http",
                      "containerPort": 80,
                      "protocol": "TCP"
                     }
                    ],
                    "env": [
                     {
                      "name": "N",
                      "valueFrom": {
                       "fieldRef": {
                        "apiVersion": "v1",
                        "fieldPath": "metadata.name"
                       }
                      }
                     }
                    ],
                    "resources": {
                     "limits": {
                      "cpu": "1",
                      "memory": "64Mi"
                     },
                     "requests": {
                      "cpu": "1",
                      "memory": "64Mi"
                     }
                    },
                    "volumeMounts": [
                     {
                      "name": "v",
                      "mountPath": "/v"
                     }
                    ],
                    "livenessProbe": {
                     "httpGet": {
                      "path": "/",
                      "port": "http",
                      "scheme": "HTTP"
                     },
                     "timeoutSeconds": 1,
                     "periodSeconds": 10,
                     "successThreshold": 1,
                     "failureThreshold": 3
                    },
                    "readinessProbe": {
                     "tcpSocket": {
                      "port": 80
                     },
                     "timeoutSeconds": 1,
                     "periodSeconds": 10,
                     "successThreshold": 1,
                     "failureThreshold": 3
                    },
                    "startupProbe": {
                     "exec": {
                      "command": [
                       "true"
                      ]
                     },
                     "timeoutSeconds": 1,
                     "periodSeconds": 10,
                     "successThreshold": 1,
                     "failureThreshold": 3
                    },
                    "lifecycle": {
                     "preStop": {
                      "httpGet": {
                       "path": "/",
                       "port": 80,
                       "scheme": "HTTP"
                      }
                     }
                    },
                    "terminationMessagePath": "/dev/termination-log",
                    "terminationMessagePolicy": "File",
                    "imagePullPolicy": "Always"
                   }
                  ],
                  "restartPolicy": "Always",
                  "terminationGracePeriodSeconds": 30,
                  "dnsPolicy": "ClusterFirst",
                  "serviceAccountName": "default",
                  "serviceAccount": "default",
                  "securityContext": {},
                  "schedulerName": "default-scheduler",
                  "tolerations": [
                   {
                    "key": "node.kubernetes.io/not-ready",
                    "operator": "Exists",
                    "effect": "NoExecute",
                    "tolerationSeconds": 300
                   },
                   {
                    "key": "node.kubernetes.io/unreachable",
                    "operator": "Exists",
                    "effect": "NoExecute",
                    "tolerationSeconds": 300
                   }
                  ],
                  "priority": 0,
                  "enableServiceLinks": true,
                  "preemptionPolicy": "PreemptLowerPriority"
                 },
                 "status": {
                  "phase": "Pending",
                  "qosClass": "Burstable"
                 }
                }
                """#),
        DefaultCase(
            title: "the smallest ConfigMap",
            sent: #"""
                {
                 "apiVersion": "v1",
                 "kind": "ConfigMap",
                 "metadata": {
                  "name": "c"
                 },
                 "data": {
                  "a": "b"
                 }
                }
                """#,
            stored: #"""
                {
                 "kind": "ConfigMap",
                 "apiVersion": "v1",
                 "metadata": {
                  "name": "c",
                  "namespace": "default"
                 },
                 "data": {
                  "a": "b"
                 }
                }
                """#),
        DefaultCase(
            title: "the smallest Secret",
            sent: #"""
                {
                 "apiVersion": "v1",
                 "kind": "Secret",
                 "metadata": {
                  "name": "s"
                 },
                 "stringData": {
                  "a": "b"
                 }
                }
                """#,
            stored: #"""
                {
                 "kind": "Secret",
                 "apiVersion": "v1",
                 "metadata": {
                  "name": "s",
                  "namespace": "default"
                 },
                 "data": {
                  "a": "Yg=="
                 },
                 "type": "Opaque"
                }
                """#),
        DefaultCase(
            title: "the smallest Namespace",
            sent: #"""
                {
                 "apiVersion": "v1",
                 "kind": "Namespace",
                 "metadata": {
                  "name": "n"
                 }
                }
                """#,
            stored: #"""
                {
                 "kind": "Namespace",
                 "apiVersion": "v1",
                 "metadata": {
                  "name": "n",
                  "labels": {
                   "kubernetes.io/metadata.name": "n"
                  }
                 },
                 "spec": {
                  "finalizers": [
                   "kubernetes"
                  ]
                 },
                 "status": {
                  "phase": "Active"
                 }
                }
                """#),
        DefaultCase(
            title: "the smallest Node",
            sent: #"""
                {
                 "apiVersion": "v1",
                 "kind": "Node",
                 "metadata": {
                  "name": "n"
                 }
                }
                """#,
            stored: #"""
                {
                 "kind": "Node",
                 "apiVersion": "v1",
                 "metadata": {
                  "name": "n"
                 },
                 "spec": {
                  "taints": [
                   {
                    "key": "node.kubernetes.io/not-ready",
                    "effect": "NoSchedule"
                   }
                  ]
                 },
                 "status": {
                  "daemonEndpoints": {
                   "kubeletEndpoint": {
                    "Port": 0
                   }
                  },
                  "nodeInfo": {
                   "machineID": "",
                   "systemUUID": "",
                   "bootID": "",
                   "kernelVersion": "",
                   "osImage": "",
                   "containerRuntimeVersion": "",
                   "kubeletVersion": "",
                   "kubeProxyVersion": "",
                   "operatingSystem": "",
                   "architecture": ""
                  }
                 }
                }
                """#),
        DefaultCase(
            title: "the smallest ServiceAccount",
            sent: #"""
                {
                 "apiVersion": "v1",
                 "kind": "ServiceAccount",
                 "metadata": {
                  "name": "sa"
                 }
                }
                """#,
            stored: #"""
                {
                 "kind": "ServiceAccount",
                 "apiVersion": "v1",
                 "metadata": {
                  "name": "sa",
                  "namespace": "default"
                 }
                }
                """#),
        DefaultCase(
            title: "the smallest Event",
            sent: #"""
                {
                 "apiVersion": "v1",
                 "kind": "Event",
                 "metadata": {
                  "name": "ev",
                  "namespace": "default"
                 },
                 "involvedObject": {
                  "kind": "Pod",
                  "name": "p",
                  "namespace": "default"
                 },
                 "reason": "Test",
                 "message": "m",
                 "type": "Normal"
                }
                """#,
            stored: #"""
                {
                 "kind": "Event",
                 "apiVersion": "v1",
                 "metadata": {
                  "name": "ev",
                  "namespace": "default"
                 },
                 "involvedObject": {
                  "kind": "Pod",
                  "namespace": "default",
                  "name": "p"
                 },
                 "reason": "Test",
                 "message": "m",
                 "source": {},
                 "firstTimestamp": null,
                 "lastTimestamp": null,
                 "type": "Normal",
                 "eventTime": null,
                 "reportingComponent": "",
                 "reportingInstance": ""
                }
                """#),
        DefaultCase(
            title: "the smallest Lease",
            sent: #"""
                {
                 "apiVersion": "coordination.k8s.io/v1",
                 "kind": "Lease",
                 "metadata": {
                  "name": "l"
                 },
                 "spec": {
                  "holderIdentity": "x"
                 }
                }
                """#,
            stored: #"""
                {
                 "kind": "Lease",
                 "apiVersion": "coordination.k8s.io/v1",
                 "metadata": {
                  "name": "l",
                  "namespace": "default"
                 },
                 "spec": {
                  "holderIdentity": "x"
                 }
                }
                """#),
    ]
}
