"""Notification as a process."""

from __future__ import annotations

from services.notification.app import build
from services.notification.clients import HttpSmsGateway, MailServer, SmtpMailer
from services.notification.config import Settings
from shared.process import main
from shared.service import Parts, Platform


def assemble(settings: Settings, platform: Platform) -> Parts:
    """Notification with the real mail server and the real SMS gateway."""
    server = MailServer(
        host=settings.smtp_host,
        port=settings.smtp_port,
        sender=settings.mail_from,
        username=settings.smtp_username,
        password=settings.smtp_password,
        starttls=True if settings.smtp_starttls is None and settings.smtp_password else settings.smtp_starttls,
        timeout_seconds=settings.smtp_timeout_seconds,
        answer_seconds=settings.smtp_answer_seconds,
        connections=settings.smtp_connections,
    )
    mailer = SmtpMailer(server, platform.clock)
    sms = HttpSmsGateway(
        settings.sms_url,
        settings.sms_secret,
        platform.clock,
        platform.randomness,
        timeout_seconds=settings.sms_timeout_seconds,
    )

    async def close() -> None:
        await mailer.close()
        await sms.close()

    return build(settings, platform, mailer=mailer, sms=sms, close=close)


if __name__ == "__main__":
    main(Settings, assemble)
