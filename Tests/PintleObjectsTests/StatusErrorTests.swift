import PintleObjects
import Testing

@Suite("Errors of the API")
struct StatusErrorTests {
    @Test("a Status has Kubernetes' members in its order")
    func status() {
        #expect(
            StatusError.notFound(group: "", resource: "pods", name: "x").json.description
                == #"{"kind":"Status","apiVersion":"v1","metadata":{},"status":"Failure","message":"pods \"x\" not found","#
                + #""reason":"NotFound","details":{"name":"x","kind":"pods"},"code":404}"#)
        #expect(
            StatusError.alreadyExists(group: "apps", resource: "deployments", name: "d").json.description
                == #"{"kind":"Status","apiVersion":"v1","metadata":{},"status":"Failure","#
                + #""message":"deployments.apps \"d\" already exists","reason":"AlreadyExists","#
                + #""details":{"name":"d","group":"apps","kind":"deployments"},"code":409}"#)
    }

    @Test("causes are listed, and the same text is named once in the message")
    func invalid() {
        let causes: [FieldError] = [
            .required("spec.containers[0].image"), .notSupported("spec.restartPolicy", "x", ["Always", "Never"]),
            .required("spec.containers[0].image"),
        ]
        let error = StatusError.invalid(kind: "Pod", group: "", name: "p", causes: causes)
        #expect(
            error.message
                == #"Pod "p" is invalid: [spec.containers[0].image: Required value, spec.restartPolicy: Unsupported value: "x": supported values: "Always", "Never"]"#
        )
        #expect(error.details["causes"].array?.count == 3)
        #expect(
            error.details["causes"][1] == [
                "reason": "FieldValueNotSupported",
                "message": #"Unsupported value: "x": supported values: "Always", "Never""#,
                "field": "spec.restartPolicy",
            ])
        #expect(
            StatusError.invalid(kind: "Job", group: "batch", name: "j", causes: [.required("a", "b")]).message
                == #"Job.batch "j" is invalid: a: Required value: b"#)
    }

    @Test(
        "each sort of field error has Kubernetes' text",
        arguments: [
            (.invalid("f", "a\"b", "why"), #"Invalid value: "a\"b": why"#),
            (.invalid("f", 7, "why"), "Invalid value: 7: why"),
            (.invalid("f", ["1"], "why"), #"Invalid value: ["1"]: why"#),
            (.duplicate("f", "x"), #"Duplicate value: "x""#),
            (.notFound("f", "x"), #"Not found: "x""#), (.forbidden("f", "why"), "Forbidden: why"),
            (.tooLong("f", maximum: 63), "Too long: may not be more than 63 bytes"),
            (.tooMany("f", count: 5, maximum: 3), "Too many: 5: must have at most 3 items"),
            (.internalError("f", "why"), "Internal error: why"), (.required("f"), "Required value"),
            (.notSupported("f", nil, ["storage"]), #"Unsupported value: null: supported values: "storage""#),
        ] as [(FieldError, String)])
    func texts(_ error: FieldError, _ text: String) {
        #expect(error.message == text)
        #expect(error.description == "f: \(text)")
    }

    @Test(
        "each factory has its status and reason",
        arguments: [
            (.badRequest("x"), 400, "BadRequest"), (.unauthorized(), 401, "Unauthorized"),
            (.forbidden(group: "", resource: "pods", name: "p", "no"), 403, "Forbidden"),
            (.noSuchResource, 404, "NotFound"),
            (.methodNotSupported(group: "", resource: "pods", verb: "patch"), 405, "MethodNotAllowed"),
            (.notAcceptable(accepted: ["a/b"]), 406, "NotAcceptable"),
            (.conflict(group: "", resource: "pods", name: "p"), 409, "Conflict"), (.expired("x"), 410, "Expired"),
            (.gone("x"), 410, "Gone"), (.tooLarge(limit: 5), 413, "RequestEntityTooLarge"),
            (.unsupportedMediaType(accepted: ["a/b"]), 415, "UnsupportedMediaType"),
            (.tooManyRequests("x", retryAfterSeconds: 3), 429, "TooManyRequests"),
            (.internalError("x"), 500, "InternalError"),
            (.serverTimeout(group: "", resource: "pods", operation: "get", retryAfterSeconds: 1), 500, "ServerTimeout"),
            (.serviceUnavailable("x"), 503, "ServiceUnavailable"), (.timeout("x"), 504, "Timeout"),
        ] as [(StatusError, Int, String)])
    func codes(_ error: StatusError, _ code: Int, _ reason: String) {
        #expect(error.code == code)
        #expect(error.reason == reason)
        #expect(StatusError(json: error.json) == error)
    }
}
