"""bench/compare: what got better, what worse, what is missing; exit codes."""
import json
import pathlib
import subprocess
import sys
import tempfile
import unittest

BENCH = pathlib.Path(__file__).resolve().parent.parent

OLD = {"bench": "steps", "greeted": 64, "rows": [
    {"what": "closed loop", "bot": "troupe", "users": 64, "steps_per_s": 4000.0, "cpu_s_per_1000_steps": 0.2,
     "edit_p99_ms": 10.0, "lost_edits": 0},
    {"what": "closed loop", "bot": "gone", "users": 64, "steps_per_s": 100.0}]}
NEW = {"bench": "steps", "greeted": 64, "rows": [
    {"what": "closed loop", "bot": "newcomer", "users": 64, "steps_per_s": 50.0},
    {"what": "closed loop", "bot": "troupe", "users": 64, "steps_per_s": 5000.0, "cpu_s_per_1000_steps": 0.25,
     "edit_p99_ms": 10.2, "lost_edits": 1}]}


class Compare(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.old, self.new = (pathlib.Path(self.folder.name) / name for name in ("old.json", "new.json"))
        self.old.write_text(json.dumps(OLD))
        self.new.write_text(json.dumps(NEW))

    def tearDown(self):
        self.folder.cleanup()

    def run_it(self, *words):
        return subprocess.run([sys.executable, str(BENCH / "compare"), *map(str, words)], capture_output=True, text=True)

    def line(self, text, part):
        found = [row for row in text.splitlines() if part in row]
        self.assertEqual(len(found), 1, f"{part} in\n{text}")
        return found[0]

    def test_a_row_is_found_by_what_it_measured_and_not_by_its_place(self):
        said = self.run_it(self.old, self.new).stdout
        self.assertIn("4000 -> 5000  +25 %  better", self.line(said, "troupe users=64].steps_per_s"))

    def test_more_cpu_is_worse(self):
        said = self.run_it(self.old, self.new).stdout
        self.assertIn("0.2 -> 0.25  +25 %  worse", self.line(said, "cpu_s_per_1000_steps"))

    def test_one_lost_where_none_was_lost_is_worse(self):
        self.assertIn("worse", self.line(self.run_it(self.old, self.new).stdout, "lost_edits"))

    def test_what_hardly_changed_is_not_named(self):
        self.assertNotIn("edit_p99_ms", self.run_it(self.old, self.new).stdout)
        self.assertIn("edit_p99_ms", self.run_it("--percent", "1", self.old, self.new).stdout)

    def test_rows_that_only_one_has_are_named(self):
        said = self.run_it(self.old, self.new).stdout
        self.assertIn("only in the old", self.line(said, "gone users=64].steps_per_s"))
        self.assertIn("only in the new", self.line(said, "newcomer users=64].steps_per_s"))

    def test_it_fails_when_asked_to_and_something_got_worse(self):
        self.assertEqual(self.run_it(self.old, self.new).returncode, 0)
        self.assertEqual(self.run_it("--fail-percent", "20", self.old, self.new).returncode, 1)
        self.assertEqual(self.run_it("--fail-percent", "20", self.old, self.old).returncode, 0)

    def test_folders_are_compared_file_by_file(self):
        with tempfile.TemporaryDirectory() as other:
            (pathlib.Path(other) / "old.json").write_text(json.dumps(NEW))
            done = self.run_it(self.folder.name, other)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn("old: ", done.stdout)
        self.assertNotIn("new: ", done.stdout.splitlines()[0])

    def test_a_file_beside_a_folder_is_refused(self):
        done = self.run_it(self.old, self.folder.name)
        self.assertNotEqual(done.returncode, 0)
        self.assertIn("must both be files", done.stderr)


if __name__ == "__main__":
    unittest.main()
