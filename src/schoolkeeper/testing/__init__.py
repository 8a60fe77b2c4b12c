"""What the author of a task needs to test it: the laws that every task keeps, as a pytest class.

class TestConformance(Conformance):
    @pytest.fixture
    def subject(self, database, tmp_path) -> Subject: ...
"""

from schoolkeeper.testing.conformance import Conformance, Subject

__all__ = ["Conformance", "Subject"]
