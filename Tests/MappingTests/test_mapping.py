#!/usr/bin/env python3
"""Proves that specs/abi/mapping/check passes on the project as it is, and notices each kind of wrong row.

Run it with `python3 Tests/MappingTests/test_mapping.py`; it needs nothing but PyYAML and changes nothing.
"""
import pathlib
import shutil
import subprocess
import tempfile
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
CHECK = ROOT / "specs/abi/mapping/check"


class MappingTests(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory(prefix="pintle-mapping-")
        self.root = pathlib.Path(self.folder.name)
        for part in ["specs/abi", "Sources/CPintleABI/include/pintle"]:
            shutil.copytree(ROOT / part, self.root / part)

    def tearDown(self):
        self.folder.cleanup()

    def check(self):
        return subprocess.run([CHECK, "--root", self.root], capture_output=True, text=True)

    def edit(self, path, old, new):
        file = self.root / path
        text = file.read_text()
        self.assertEqual(text.count(old), 1, f"{old!r} must be in {path} once")
        file.write_text(text.replace(old, new))

    def refused(self, *words):
        result = self.check()
        self.assertEqual(result.returncode, 1)
        for word in words:
            self.assertIn(word, result.stderr)

    def test_the_project_as_it_is_passes(self):
        result = self.check()
        self.assertEqual((result.returncode, result.stderr), (0, ""))

    def test_a_field_without_a_row_is_named(self):
        self.edit("specs/abi/mapping/cri.yaml", "    hostname: runtime.run_sandbox_request.hostname\n", "")
        self.refused("cri.yaml", "PodSandboxConfig", "hostname", "has no row")

    def test_a_call_without_a_row_is_named(self):
        self.edit("specs/abi/mapping/cni.yaml", "  GC: network.gc\n", "")
        self.refused("cni.yaml", "calls: GC", "has no row")

    def test_a_message_that_the_protocol_gained_is_named(self):
        path = self.root / "specs/abi/mapping/facts/csi.txt"
        path.write_text(path.read_text() + "message NewRequest field:string\n")
        self.refused("csi.yaml", "messages: NewRequest", "has no row")

    def test_a_field_that_the_protocol_gained_is_named(self):
        self.edit("specs/abi/mapping/facts/cri.txt", "message PodIP ip:string", "message PodIP ip:string new:bool")
        self.refused("cri.yaml", "messages.PodIP: new", "has no row")

    def test_a_row_for_what_the_protocol_does_not_have_is_named(self):
        self.edit("specs/abi/mapping/csi.yaml", "  NodeStageVolumeResponse: {}",
                  "  NodeStageVolumeResponse: {extra: storage.stage_request}")
        self.refused("messages.NodeStageVolumeResponse: extra", "no such thing")

    def test_a_field_that_left_the_abi_leaves_a_dangling_row(self):
        self.edit("specs/abi/runtime.yaml", "      hostname: [text,", "      host_name: [text,")
        self.refused("PodSandboxConfig: hostname", "runtime.run_sandbox_request.hostname is not in the ABI")

    def test_an_operation_that_left_the_abi_leaves_a_dangling_row(self):
        self.edit("specs/abi/network.yaml", "\n  check:\n", "\n  compare:\n")
        self.refused("calls: CHECK", "network.check is not in the ABI")

    def test_an_enumeration_value_needs_a_row_and_a_place(self):
        self.edit("specs/abi/mapping/cri.yaml", "runtime.protocol.sctp", "runtime.protocol.quic")
        self.refused("enums.Protocol: SCTP", "runtime.protocol.quic is not in the ABI")

    def test_an_error_code_needs_a_status(self):
        self.edit("specs/abi/mapping/cni.yaml", "TRY_AGAIN_LATER: PINTLE_BUSY_RETRY", "TRY_AGAIN_LATER: PINTLE_LATER")
        self.refused("errors: TRY_AGAIN_LATER", "PINTLE_LATER is not in the ABI")

    def test_rows_without_a_message_are_refused(self):
        self.edit("specs/abi/mapping/cri.yaml", "    hostname: runtime.run_sandbox_request.hostname", "    hostname: rows")
        self.refused("PodSandboxConfig: hostname", "no message with rows")

    def test_none_needs_a_reason(self):
        self.edit("specs/abi/mapping/cni.yaml", '"none: unknown arguments are always ignored"', '"none:"')
        self.refused("IgnoreUnknown", "gives no reason")

    def test_what_was_planned_and_exists_now_is_pointed_out(self):
        self.edit("specs/abi/mapping/csi.yaml", "Identity.Probe: storage.probe", 'Identity.Probe: "later: storage.probe"')
        self.refused("Identity.Probe", "exists now")

    def test_a_place_in_no_interface_is_refused_even_for_later(self):
        self.edit("specs/abi/mapping/csi.yaml", "Identity.Probe: storage.probe", 'Identity.Probe: "later: elsewhere.probe"')
        self.refused("Identity.Probe", "is in no interface")

    def test_a_row_that_comes_twice_is_refused(self):
        self.edit("specs/abi/mapping/cni.yaml", "  GC: network.gc\n", "  GC: network.gc\n  GC: network.gc\n")
        result = self.check()
        self.assertNotEqual(result.returncode, 0)
        self.assertIn("GC comes twice", result.stderr)


if __name__ == "__main__":
    unittest.main()
