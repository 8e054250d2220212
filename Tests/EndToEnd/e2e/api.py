"""A small client of the API, for what kubectl can't send and for waiting without starting a process each time."""
import base64
import http.client
import json
import re
import ssl

from .failure import Failure


class API:
    """HTTPS with the administrator's certificate of a kubeconfig."""

    def __init__(self, kubeconfig, scratch):
        text = kubeconfig.read_text()
        self.host, self.port = re.search(r"server:\s*\"?https://([^:/\"]+):(\d+)", text).groups()
        self.context = ssl.create_default_context(cadata=self._decode(text, "certificate-authority-data").decode())
        self.context.check_hostname = False
        certificate, key = scratch / "admin.crt", scratch / "admin.key"
        certificate.write_bytes(self._decode(text, "client-certificate-data"))
        key.touch(mode=0o600)
        key.write_bytes(self._decode(text, "client-key-data"))
        self.context.load_cert_chain(certificate, key)

    @staticmethod
    def _decode(text, field):
        found = re.search(field + r":\s*\"?([A-Za-z0-9+/=]+)", text)
        if not found:
            raise Failure(f"expected {field} in the kubeconfig")
        return base64.b64decode(found.group(1))

    def connection(self, timeout=30):
        return http.client.HTTPSConnection(self.host, int(self.port), context=self.context, timeout=timeout)

    def request(self, method, path, body=None, content_type="application/json", headers=None):
        """Returns status, headers and body. A body that is not bytes is sent as JSON."""
        if body is not None and not isinstance(body, bytes):
            body = json.dumps(body).encode()
        connection = self.connection()
        try:
            sent = {"Content-Type": content_type} if body is not None else {}
            connection.request(method, path, body, {**sent, **(headers or {})})
            answer = connection.getresponse()
            return answer.status, answer.headers, answer.read()
        finally:
            connection.close()

    def get(self, path):
        """The object at a path; None when there is none."""
        status, _, body = self.request("GET", path)
        if status == 404:
            return None
        if status != 200:
            raise Failure(f"expected 200 for GET {path}; found {status} {body[:500]!r}")
        return json.loads(body)

    def create(self, path, value):
        status, _, body = self.request("POST", path, value)
        if status not in (200, 201):
            raise Failure(f"expected 201 for POST {path}; found {status} {body[:800]!r}")
        return json.loads(body)

    def delete(self, path, **options):
        status, _, body = self.request("DELETE", path, {"apiVersion": "v1", "kind": "DeleteOptions", **options})
        if status not in (200, 202, 404):
            raise Failure(f"expected 200 for DELETE {path}; found {status} {body[:500]!r}")

    def anonymous(self, path):
        """Status and body of a request without a client certificate."""
        context = ssl.create_default_context()
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
        connection = http.client.HTTPSConnection(self.host, int(self.port), context=context, timeout=10)
        try:
            connection.request("GET", path)
            answer = connection.getresponse()
            return answer.status, answer.read()
        finally:
            connection.close()
