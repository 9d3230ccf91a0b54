"""Real servers without Docker: reusable by tests (free ports, temporary folder) and by `up` (fixed ports, kept data)."""

from launcher.servers.mongod import Mongod
from launcher.servers.rabbitmq import RabbitMq

__all__ = ["Mongod", "RabbitMq"]
