"""All pages, room by room."""

from __future__ import annotations

from typing import Final

from portal.account.pages import PAGES as ACCOUNT
from portal.applicants.pages import PAGES as APPLICANTS
from portal.applications.pages import PAGES as APPLICATIONS
from portal.bills.pages import PAGES as BILLS
from portal.booking.pages import PAGES as BOOKING
from portal.errors.pages import PAGES as ERRORS
from portal.help.pages import PAGES as HELP
from portal.home.pages import PAGES as HOME
from portal.links.pages import PAGES as LINKS
from portal.live.pages import PAGES as LIVE
from portal.messages.pages import PAGES as MESSAGES
from portal.offices.pages import PAGES as OFFICES
from portal.openings.pages import PAGES as OPENINGS
from portal.papers.pages import PAGES as PAPERS
from portal.passports.pages import PAGES as PASSPORTS
from portal.questionnaire.pages import PAGES as QUESTIONNAIRE
from portal.refunds.pages import PAGES as REFUNDS
from portal.refusals.pages import PAGES as REFUSALS
from portal.sign_in.pages import PAGES as SIGN_IN
from portal.trial.pages import PAGES as TRIAL
from portal.visits.pages import PAGES as VISITS
from portal.waiting.pages import PAGES as WAITING
from portal.web.page import Page

PAGES: Final[tuple[Page, ...]] = (
    *HOME,
    *APPLICANTS,
    *APPLICATIONS,
    *QUESTIONNAIRE,
    *REFUSALS,
    *HELP,
    *OFFICES,
    *BILLS,
    *VISITS,
    *BOOKING,
    *WAITING,
    *REFUNDS,
    *OPENINGS,
    *MESSAGES,
    *PASSPORTS,
    *ERRORS,
    *SIGN_IN,
    *LIVE,
    *LINKS,
    *TRIAL,
    *PAPERS,
    *ACCOUNT,
)
