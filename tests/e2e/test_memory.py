"""Little memory. A file of its own, for the plain build alone: ASan reserves terabytes of addresses."""
import resource

import test_process
from harness import main


class Memory(test_process.ScarceCase):
    def test_memory(self):
        self.try_limits(resource.RLIMIT_AS, [mb << 20 for mb in range(24, 92, 6)])


if __name__ == "__main__":
    main()
