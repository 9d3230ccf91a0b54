"""Real servers without Docker, for tests (free ports, temporary folder) and for `up` (fixed ports, kept data)."""

from launcher.servers.mongod import Mongod
from launcher.servers.rabbitmq import RabbitMq

__all__ = ["Mongod", "RabbitMq"]
