"""Real servers without Docker, for tests (free ports, temporary folder) and for `up` (fixed ports, kept data)."""

from local_suite.servers.mongod import Mongod
from local_suite.servers.rabbitmq import RabbitMq

__all__ = ["Mongod", "RabbitMq"]
