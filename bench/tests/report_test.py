"""Checks refuse what cannot be true; the report writes its blocks, says misses, and leaves the rest alone."""
import importlib.machinery
import importlib.util
import json
import pathlib
import subprocess
import sys
import tempfile
import unittest

BENCH = pathlib.Path(__file__).resolve().parent.parent
sys.path.insert(0, str(BENCH))
from suite import markdown, parts, steps  # noqa: E402

UPDATES = {"bench": "updates", "answered": 15, "expected": 15, "updates_per_s": 900.0, "engine_cpu_ms_per_1000": 300.0,
           "resident_mb": 19.0, "resident_mb_before": 18.0, "seconds": 0.1, "inject_seconds": 0.05,
           "engine_cores_busy": 0.4}


class Checks(unittest.TestCase):
    def test_a_good_result_passes(self):
        parts.check_updates(UPDATES)

    def test_a_missing_field_is_named(self):
        with self.assertRaisesRegex(parts.Bad, "resident_mb is missing"):
            parts.check_updates({k: v for k, v in UPDATES.items() if k != "resident_mb"})

    def test_a_lost_answer_is_refused(self):
        with self.assertRaisesRegex(parts.Bad, "answered is 14"):
            parts.check_updates({**UPDATES, "answered": 14})

    def test_zero_text_and_truth_are_no_rates(self):
        for rate in (0, "many", True, -1.0):
            with self.assertRaises(parts.Bad):
                parts.check_updates({**UPDATES, "updates_per_s": rate})


class Frameworks(unittest.TestCase):
    def test_one_that_is_not_installed_is_left_out_with_the_reason(self):
        before = steps.FRAMEWORKS
        with tempfile.TemporaryDirectory() as empty:
            steps.FRAMEWORKS = pathlib.Path(empty)
            try:
                bots, skipped = steps.bots_here()
            finally:
                steps.FRAMEWORKS = before
        self.assertIn("troupe", bots)
        self.assertNotIn("grammy", bots)
        self.assertIn("has no grammy; bench/run installs it", skipped["grammy"])


class Profile(unittest.TestCase):
    def setUp(self):
        loader = importlib.machinery.SourceFileLoader("profile_tool", str(BENCH / "profile"))
        self.tool = importlib.util.module_from_spec(importlib.util.spec_from_loader("profile_tool", loader))
        loader.exec_module(self.tool)

    def test_a_sample_counts_for_the_innermost_that_says_what_is_done(self):
        commit = ["sqlite3WalFrames (/lib/libsqlite3.so.0)", "troupe::storage::store::commit (/x/troupe)",
                  "caf::scheduled_actor::resume (/lib/libcaf_core.so.0.17)"]
        self.assertEqual(self.tool.kind_of(commit), "SQLite")
        self.assertEqual(self.tool.kind_of(commit[1:]), "our code")
        self.assertEqual(self.tool.kind_of(["malloc (/lib/libc.so.6)"]), "other")

    def test_the_kernel_is_told_by_what_it_was_called_for(self):
        self.assertEqual(self.tool.place_of(["fsync ([kernel.kallsyms])", "__x64_sys_fdatasync ([kernel.kallsyms])"]),
                         "kernel: fdatasync")
        self.assertEqual(self.tool.place_of(["a (inlined)", "b (/lib/libsqlite3.so.0.8.6)"]), "libsqlite3")

    def test_a_template_that_names_our_type_is_not_our_function(self):
        self.assertEqual(self.tool.function_of("troupe::storage::store::commit (/x/troupe)"),
                         "troupe::storage::store::commit")
        self.assertIsNone(self.tool.function_of("caf::trivial_match_case<troupe::poll> (/x/troupe)"))


class Tables(unittest.TestCase):
    def test_a_goal_says_whether_it_was_reached(self):
        self.assertEqual(markdown.goal("p99", 12.5, 20, "ms"), ["p99", "12.5 ms", "≤ 20 ms", "0.625", markdown.MET])
        self.assertEqual(markdown.goal("p99", 25, 20, "ms")[-1], markdown.MISSED)
        self.assertEqual(markdown.goal("rate", 2, 3, "×", at_least=True)[-1], markdown.MISSED)
        self.assertEqual(markdown.goal("lost", 0, 0)[-1], markdown.MET)
        self.assertEqual(markdown.goal("lost", 1, 0)[-1], markdown.MISSED)

    def test_numbers_keep_three_digits(self):
        self.assertEqual([markdown.n(x) for x in (12345.6, 999.9, 12.34, 1.234, 0.01234, 7)],
                         ["12 346", "1000", "12.3", "1.23", "0.0123", "7"])


class Report(unittest.TestCase):
    def run_it(self, readme):
        with tempfile.TemporaryDirectory() as folder:
            folder = pathlib.Path(folder)
            (folder / "updates.json").write_text(json.dumps(UPDATES))
            (folder / "README.md").write_text(readme)
            done = subprocess.run([sys.executable, str(BENCH / "report"), "--no-plots", "--results", str(folder),
                                   "--readme", str(folder / "README.md")], capture_output=True, text=True)
            return done, (folder / "README.md").read_text()

    README = ("before\n<!-- results: updates -->\nold\n<!-- end -->\n<!-- results: start -->\nkept\n<!-- end -->\n"
              "<!-- results: machine -->\n<!-- end -->\nafter\n")

    def test_its_block_is_written_anew_and_the_rest_is_left_alone(self):
        done, text = self.run_it(self.README)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn("| updates/s | 900 |", text)
        self.assertNotIn("old", text)
        self.assertIn("<!-- results: start -->\nkept\n<!-- end -->", text)
        self.assertTrue(text.startswith("before\n") and text.endswith("after\n"))

    def test_a_second_report_changes_nothing(self):
        text = self.run_it(self.README)[1]
        self.assertEqual(self.run_it(text)[1], text)

    def test_a_readme_without_the_block_is_an_error(self):
        done, _ = self.run_it("nothing\n")
        self.assertEqual(done.returncode, 1)
        self.assertIn("has no block <!-- results: updates -->", done.stderr)

    def test_the_readme_of_this_folder_has_every_block(self):
        text = (BENCH / "README.md").read_text()
        for name in ("frameworks", "targets", "limits", "scaling", "memory", "start", "updates", "ledger", "generation",
                     "broadcast", "simulate", "profile-steps", "profile-ledger", "machine"):
            self.assertTrue(markdown.replace_block(text, name, "")[1], name)


if __name__ == "__main__":
    unittest.main()
