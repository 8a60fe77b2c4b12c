import sys

from smart_erp.cli import main

sys.exit(main())
