"""The packages: built by cpack, installed into an empty Debian, where the example fleet is upgraded."""
import contextlib
import glob
import json
import os
import shutil
import subprocess
import tempfile
import unittest

import schema

HERE = os.path.dirname(os.path.abspath(__file__))
TREE = os.path.dirname(os.path.dirname(HERE))
SUDO = [] if os.geteuid() == 0 else ["sudo"]


def call(*args, **options):
    done = subprocess.run(args, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, **options)
    if done.returncode:
        raise AssertionError(f"{args}: exit {done.returncode}\n{done.stdout.decode()[-3000:]}")
    return done.stdout.decode()


class Package(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.dir = tempfile.mkdtemp(prefix="skein-package-")
        cls.root = os.path.join(cls.dir, "root")
        cls.addClassCleanup(lambda: call(*SUDO, "rm", "-rf", "--one-file-system", cls.dir))
        build = os.path.join(cls.dir, "build")
        call("cmake", "-S", TREE, "-B", build, "-G", "Ninja", "-DBUILD_TESTING=OFF",
             "-DCMAKE_BUILD_TYPE=Release")
        call("cmake", "--build", build)
        call("cpack", cwd=build)
        cls.debs = sorted(glob.glob(f"{build}/skein*.deb"))
        cls.archive, = glob.glob(f"{build}/skein-*.tar.gz")
        cls.make_root()

    @classmethod
    def make_root(cls):
        """An empty Debian 12 with what the package says it needs, and nothing else."""
        package = next(deb for deb in cls.debs if "/skein_" in deb)
        depends = call("dpkg-deb", "-f", package, "Depends")
        names = [one.split()[0] for one in depends.split(",")]
        call(*SUDO, "debootstrap", "--variant=minbase", f"--include={','.join(names)}", "bookworm", cls.root)
        shutil.copy(package, f"{cls.root}/tmp/skein.deb")
        cls.installed = cls.inside("dpkg", "-i", "/tmp/skein.deb")
        shutil.copytree(f"{TREE}/tenants_example", f"{cls.root}/srv/fleet",
                        ignore=shutil.ignore_patterns("data", ".skein"))

    @classmethod
    def inside(cls, *args):
        return call(*SUDO, "chroot", cls.root, *args, env={"PATH": os.environ["PATH"], "LC_ALL": "C"})

    def test_the_example_fleet_is_upgraded_in_an_empty_debian(self):
        os.mkdir(f"{self.root}/srv/fleet/data")
        out = self.inside("skein", "-f", "/srv/fleet/skein.yaml", "upgrade", "-o", "json", "--progress", "none")
        schema.check("report", json.loads(out))
        totals = json.loads(out)["totals"]
        self.assertEqual((totals["tenants"], totals["succeeded"]), (14, 14))
        again = self.inside("skein", "-f", "/srv/fleet/skein.yaml", "upgrade", "-o", "json", "--progress", "none")
        self.assertEqual(json.loads(again)["totals"]["unchanged"], 14)

    def test_the_package_holds_program_manual_and_licence(self):
        package = next(deb for deb in self.debs if "/skein_" in deb)
        files = call("dpkg-deb", "-c", package)
        for path in ("./usr/bin/skein", "./usr/share/man/man1/skein.1", "./usr/share/doc/skein/copyright",
                     "./usr/share/bash-completion/completions/skein", "./usr/share/zsh/vendor-completions/_skein",
                     "./usr/share/fish/vendor_completions.d/skein.fish", "./usr/share/skein/schema/report.json"):
            self.assertIn(path, files)
        self.assertNotIn("libskein.a", files)

    def test_the_dev_package_holds_library_and_header(self):
        package = next(deb for deb in self.debs if "/skein-dev_" in deb)
        files = call("dpkg-deb", "-c", package)
        for path in ("./usr/include/skein.h", "./usr/lib/libskein.a", "./usr/lib/pkgconfig/skein.pc"):
            self.assertIn(path, files)

    def test_the_archive_holds_all(self):
        with contextlib.closing(os.popen(f"tar tzf {self.archive}")) as names:
            files = names.read()
        for path in ("bin/skein", "man1/skein.1", "include/skein.h", "lib/libskein.a"):
            self.assertIn(path, files)


if __name__ == "__main__":
    unittest.main(verbosity=2)
