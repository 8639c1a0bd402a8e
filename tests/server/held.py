"""A repository of a folder that a test fills, whose models are prepared when they may be."""

import contextlib
import threading

from enf2enf_server.compute.models import Models
from enf2enf_server.compute.repository import Repository


class Held:
    """A repository of a folder, whose models are prepared when they may be."""

    def __init__(self, folder, seconds=60.0):
        self.folder, self.models, self.held, self.waiting = folder, Models(), set(), threading.Event()
        self.go_on = threading.Event()
        self.repository = Repository(folder, self.models, self.prepare, lambda: None, seconds)

    def prepare(self, model):
        if (model.name, model.version) in self.held:
            self.waiting.set()
            self.go_on.wait(60)

    def put(self, good, name):
        (self.folder / name).parent.mkdir(exist_ok=True)
        (self.folder / name).hardlink_to(good)

    def look(self):
        self.repository.look()
        self.repository.look()

    @contextlib.contextmanager
    def loading(self, good, *key):
        """While a look prepares a version that has come into the folder; after that it goes on to its end."""
        self.held = {key}
        self.put(good, f"{key[0]}/{key[1]}.enf")
        looking = threading.Thread(target=self.look)
        looking.start()
        assert self.waiting.wait(60)
        yield
        self.go_on.set()
        looking.join(60)

    @property
    def serving(self):
        return [(model.name, model.version) for model in self.models.loaded()]

    @property
    def states(self):
        return {key: version.state for key, version in self.repository.versions().items()}

    def reason(self, *key):
        return self.repository.versions()[key].reason
