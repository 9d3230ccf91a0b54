"""The rules of seats and appointments, without any store: the table, the edges of each limit, the words."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.scheduling.booking.appointments import appointment as appointments
from services.scheduling.booking.appointments import next_step as steps
from services.scheduling.booking.appointments.appointment import (
    HAS_SEAT,
    INITIAL,
    LIVE,
    TRANSITIONS,
    Appointment,
    ClaimFate,
    Command,
    ConfirmCause,
    Leaving,
    Move,
    ReleaseReason,
    Status,
)
from services.scheduling.booking.appointments.move_rules import MoveProblem, MoveTarget, move_problem
from services.scheduling.booking.appointments.queue_code_payload import Ticket, TicketUnreadable, pack, unpack
from services.scheduling.booking.seats import seat as seats
from services.scheduling.booking.seats.seat import PLACES, SEAT_TRANSITIONS, Seat, SeatStatus, seats_of
from services.scheduling.office import ZONES, Office, fits_search, office_from_row, slug
from services.scheduling.offices import session as sessions
from services.scheduling.offices.session import (
    MOST_SEATS,
    PlanProblem,
    SessionPlan,
    TemplateFileWrong,
    capacity,
    day_problem,
    days_ahead,
    letter_of,
    plan_problem,
    session_from,
    templates_from,
)
from services.scheduling.rules import Rules, bookable_from
from services.scheduling.terms import Applying, Pool
from services.scheduling.visit.counter.check_in_rules import CheckInProblem, check_in_problem
from shared.events import scheduling as said
from shared.store.transitions import IllegalTransition
from tests.unit.scheduling.world import NORTH, SOUTH, make_world

NOW = datetime(2026, 11, 23, 2, 0, tzinfo=UTC)
RULES = Rules()
OFFICE = Office("jakarta-selatan", "Jakarta Selatan", "I Khusus", False, "Kota", "3174", "DKI", "WIB", "Asia/Jakarta")
APPLYING = Applying("application", "account", "person")
APPOINTMENT_ID = "11111111-1111-4111-8111-111111111111"
PLAN = SessionPlan(time(8), time(10), booths=2, service_minutes=30, staff=2, pools={Pool.REGULAR: 6, Pool.WALK_IN: 2})
SESSION = session_from(
    PLAN, office_id=OFFICE.office_id, timezone=OFFICE.timezone, day=date(2026, 11, 25), opened_by="template"
)


def a_seat(**changes: object) -> Seat:
    return replace(seats_of("session", SESSION)[2], **changes)


def a_claimed_seat(token: str = "token") -> Seat:  # noqa: S107 - a seat token is no secret
    return seats.claimed(a_seat(), by=APPOINTMENT_ID, token=token, until=NOW + timedelta(seconds=15))


SLOT = seats.slot_of("seat", a_claimed_seat())
OTHER_SLOT = replace(SLOT, seat_id="other seat", token="other token", session_id="other session")


def held() -> Appointment:
    return appointments.hold(APPOINTMENT_ID, APPLYING, SLOT, office=OFFICE, now=NOW, rules=RULES).state


def confirmed() -> Appointment:
    return appointments.confirm(
        APPOINTMENT_ID, held(), bill_id="bill", cause=ConfirmCause.PAID, queue_code="code", office=OFFICE
    ).state


class TestTable:
    def test_every_state_is_final_or_can_be_left(self) -> None:
        final = {Status.USED, Status.RELEASED, Status.ABANDONED, Status.UNAVAILABLE}
        left = {status for status, _ in TRANSITIONS}
        assert left | final == set(Status)
        assert not left & final

    def test_every_state_can_be_reached(self) -> None:
        reached = set(INITIAL)
        for _ in Status:
            reached |= {target for (source, _), target in TRANSITIONS.items() if source in reached}
        assert reached == set(Status)

    def test_every_command_is_used(self) -> None:
        assert {command for _, command in TRANSITIONS} == set(Command)

    def test_what_lives_has_a_seat(self) -> None:
        assert {Status.SPECIAL_OPEN, Status.SPECIAL_MOVING} == LIVE - HAS_SEAT

    @pytest.mark.parametrize("status", list(Status))
    @pytest.mark.parametrize("command", list(Command))
    def test_what_is_not_in_the_table_is_refused(self, status: Status, command: Command) -> None:
        known = TRANSITIONS.get((status, command))
        assert appointments.can(replace(held(), status=status), command) == (known is not None)
        if known is None:
            with pytest.raises(IllegalTransition):
                TRANSITIONS.after(status, command)
        else:
            assert TRANSITIONS.after(status, command) is known

    def test_a_seat_can_always_come_back_unless_it_was_withdrawn(self) -> None:
        assert {status for status, _ in SEAT_TRANSITIONS} == set(SeatStatus) - {SeatStatus.WITHDRAWN}


class TestHold:
    def test_it_is_said_with_place_and_time(self) -> None:
        decision = appointments.hold(APPOINTMENT_ID, APPLYING, SLOT, office=OFFICE, now=NOW, rules=RULES)
        assert decision.state.status is Status.HELD
        assert decision.state.live
        (event,) = decision.events
        assert isinstance(event, said.SeatHeld)
        assert event.hold_until == NOW + timedelta(seconds=300)
        assert (event.office_id, event.office_timezone, event.pool) == (OFFICE.office_id, "Asia/Jakarta", "regular")
        assert appointments.deadlines(decision.state) == {"lapse": event.hold_until}

    def test_it_never_outlasts_the_start_of_its_session(self) -> None:
        soon = SLOT.starts_at - timedelta(seconds=10)
        decision = appointments.hold(APPOINTMENT_ID, APPLYING, SLOT, office=OFFICE, now=soon, rules=RULES)
        assert decision.state.hold_until == SLOT.starts_at

    def test_a_renewal_names_the_bill_it_replaces(self) -> None:
        decision = appointments.hold(
            APPOINTMENT_ID, APPLYING, SLOT, office=OFFICE, now=NOW, rules=RULES, replaces_bill_id="old"
        )
        assert decision.events[0].replaces_bill_id == "old"  # type: ignore[attr-defined]

    def test_a_requested_bill_turns_its_own_clock_off(self) -> None:
        state = appointments.await_payment(held(), "bill", now=NOW, rules=RULES).state
        assert appointments.deadlines(state) == {"long_stop": NOW + timedelta(hours=26)}
        later = appointments.alerted(state, now=NOW + timedelta(hours=26), rules=RULES).state
        assert later.long_stop_at == NOW + timedelta(hours=52)
        assert later.status is Status.AWAITING_PAYMENT

    def test_a_tombstone_is_nobodys(self) -> None:
        state = appointments.tombstone(NOW)
        assert not state.live
        assert appointments.deadlines(state) == {}
        with pytest.raises(LookupError):
            _ = state.seat


class TestConfirm:
    @pytest.mark.parametrize("cause", [ConfirmCause.PAID, ConfirmCause.WAIVED])
    @pytest.mark.parametrize("requested_first", [True, False])
    def test_money_confirms_with_or_without_word_of_the_bill(self, cause: ConfirmCause, requested_first: bool) -> None:
        before = held()
        if requested_first:
            before = appointments.await_payment(before, "bill", now=NOW, rules=RULES).state
        decision = appointments.confirm(
            APPOINTMENT_ID, before, bill_id="bill", cause=cause, queue_code="code", office=OFFICE
        )
        (event,) = decision.events
        assert isinstance(event, said.AppointmentConfirmed)
        assert (event.queue_number, event.queue_code, event.cause) == ("A-003", "code", cause.value)
        assert decision.state.code_version == 1
        assert appointments.deadlines(decision.state) == {"miss": SLOT.ends_at + timedelta(minutes=30)}

    def test_an_offer_is_confirmed_by_being_taken(self) -> None:
        offered = appointments.offer(APPOINTMENT_ID, APPLYING, SLOT, "bill", office=OFFICE, now=NOW, rules=RULES)
        (event,) = offered.events
        assert isinstance(event, said.SeatOffered)
        assert event.offer_until == NOW + timedelta(hours=24)
        assert appointments.deadlines(offered.state) == {"offer": event.offer_until}
        taken = appointments.confirm(
            APPOINTMENT_ID,
            offered.state,
            bill_id="bill",
            cause=ConfirmCause.LATE_OFFER,
            queue_code="code",
            office=OFFICE,
        )
        assert taken.state.status is Status.CONFIRMED
        with pytest.raises(IllegalTransition):
            appointments.confirm(
                APPOINTMENT_ID,
                offered.state,
                bill_id="bill",
                cause=ConfirmCause.PAID,
                queue_code="code",
                office=OFFICE,
            )

    def test_late_money_gets_its_own_seat_back(self) -> None:
        decision = appointments.same_seat_again(
            APPOINTMENT_ID, APPLYING, SLOT, "bill", queue_code="code", office=OFFICE, now=NOW, rules=RULES
        )
        (event,) = decision.events
        assert isinstance(event, said.AppointmentConfirmed)
        assert event.cause == "late_same_seat"
        assert decision.state.live

    def test_nothing_found_is_kept_and_said(self) -> None:
        decision = appointments.unavailable(
            APPLYING, "bill", asked_for="late_payment", reason="no_seat_in_time", now=NOW
        )
        (event,) = decision.events
        assert isinstance(event, said.SeatUnavailable)
        assert (event.asked_for, event.reason) == ("late_payment", "no_seat_in_time")
        assert not decision.state.live


class TestRelease:
    @pytest.mark.parametrize(
        ("command", "reason"),
        [
            (Command.LAPSE, ReleaseReason.HOLD_LAPSED),
            (Command.END_BILL, ReleaseReason.BILL_EXPIRED),
            (Command.CANCEL, ReleaseReason.CANCELLED),
            (Command.WITHDRAW, ReleaseReason.WITHDRAWN),
        ],
    )
    def test_the_seat_is_marked_as_left(self, command: Command, reason: ReleaseReason) -> None:
        decision = appointments.release(APPOINTMENT_ID, held(), command, reason, now=NOW, rules=RULES)
        (event,) = decision.events
        assert isinstance(event, said.AppointmentReleased)
        assert (event.reason, event.was_confirmed) == (reason.value, False)
        assert not decision.state.live
        assert decision.state.leaving == (Leaving("seat", "token", NOW + timedelta(seconds=5)),)
        assert appointments.deadlines(decision.state) == {"leave": NOW + timedelta(seconds=5)}
        gone = appointments.leaving_told(decision.state, decision.state.leaving).state
        assert appointments.deadlines(gone) == {}

    def test_it_says_whether_the_visit_was_certain(self) -> None:
        decision = appointments.release(
            APPOINTMENT_ID, confirmed(), Command.CANCEL, ReleaseReason.CANCELLED, now=NOW, rules=RULES
        )
        assert decision.events[0].was_confirmed  # type: ignore[attr-defined]

    def test_a_paid_visit_does_not_end_with_its_bill(self) -> None:
        with pytest.raises(IllegalTransition) as refused:
            appointments.release(
                APPOINTMENT_ID, confirmed(), Command.END_BILL, ReleaseReason.BILL_EXPIRED, now=NOW, rules=RULES
            )
        assert (refused.value.state, refused.value.command) == (Status.CONFIRMED, Command.END_BILL)

    @pytest.mark.parametrize(
        ("command", "reason"), [(Command.DECLINE_OFFER, "declined"), (Command.LAPSE_OFFER, "lapsed")]
    )
    def test_an_offer_ends_with_its_reason(self, command: Command, reason: str) -> None:
        offered = appointments.offer(APPOINTMENT_ID, APPLYING, SLOT, "bill", office=OFFICE, now=NOW, rules=RULES).state
        decision = appointments.end_offer(APPOINTMENT_ID, offered, command, now=NOW, rules=RULES)
        (event,) = decision.events
        assert isinstance(event, said.OfferEnded)
        assert (event.bill_id, event.reason) == ("bill", reason)
        assert steps.step_of(decision.state).current_step == "refund"


class TestMove:
    def moving(self) -> Appointment:
        move = Move("other session", "regular", "other token", NOW + timedelta(seconds=15), "command")
        return appointments.begin_move(confirmed(), move).state

    def test_the_move_is_one_write(self) -> None:
        moving = self.moving()
        assert appointments.deadlines(moving) == {"move": NOW + timedelta(seconds=15)}
        assert moving.live
        decision = appointments.finish_move(
            APPOINTMENT_ID,
            moving,
            OTHER_SLOT,
            queue_code="new code",
            old_office=OFFICE,
            office=OFFICE,
            now=NOW,
            rules=RULES,
        )
        (event,) = decision.events
        assert isinstance(event, said.AppointmentRescheduled)
        assert (event.previous_session_id, event.session_id) == ("session", "other session")
        state = decision.state
        assert (state.slot, state.code_version, state.moves_made, state.move) == (OTHER_SLOT, 2, 1, None)
        assert [each.token for each in state.leaving] == ["token"]

    def test_it_can_be_undone_without_a_word(self) -> None:
        decision = appointments.undo_move(self.moving())
        assert decision.events == ()
        assert decision.state == confirmed()

    def test_moving_without_a_target_has_no_deadline(self) -> None:
        assert appointments.deadlines(replace(self.moving(), move=None)) == {}

    def test_giving_up_right_after_a_move_forgets_no_seat(self) -> None:
        moved = appointments.finish_move(
            APPOINTMENT_ID,
            self.moving(),
            OTHER_SLOT,
            queue_code="new code",
            old_office=OFFICE,
            office=OFFICE,
            now=NOW,
            rules=RULES,
        ).state
        gone = appointments.release(
            APPOINTMENT_ID, moved, Command.CANCEL, ReleaseReason.CANCELLED, now=NOW, rules=RULES
        ).state
        assert [each.seat_id for each in gone.leaving] == ["seat", "other seat"]
        told = appointments.leaving_told(gone, gone.leaving[:1]).state
        assert [each.seat_id for each in told.leaving] == ["other seat"]

    def problem(self, **changes: object) -> MoveProblem | None:
        given: dict[str, object] = {"moves_made": 0, "timezone": "Asia/Jakarta", "now": NOW, "rules": RULES}
        target = MoveTarget("other session", SLOT.starts_at + timedelta(days=5), "Asia/Jakarta")
        return move_problem(SLOT, **({"target": target} | given | changes))  # type: ignore[arg-type]

    def test_it_is_possible_until_the_end_of_the_day_before_in_the_offices_zone(self) -> None:
        midnight_in_jakarta = datetime(2026, 11, 24, 17, 0, tzinfo=UTC)
        assert self.problem(now=midnight_in_jakarta - timedelta(milliseconds=1)) is None
        assert self.problem(now=midnight_in_jakarta) is MoveProblem.TOO_LATE
        midnight_in_jayapura = midnight_in_jakarta - timedelta(hours=2)
        assert self.problem(now=midnight_in_jayapura, timezone="Asia/Jayapura") is MoveProblem.TOO_LATE

    def test_once_only(self) -> None:
        assert self.problem(moves_made=1) is MoveProblem.NO_MOVES_LEFT
        assert self.problem(moves_made=1, rules=Rules(moves_max=2)) is None

    def test_within_thirty_days_of_the_first_date(self) -> None:
        last = datetime(2026, 12, 25, 1, 0, tzinfo=UTC)
        assert self.problem(target=MoveTarget("other session", last, "Asia/Jakarta")) is None
        after = MoveTarget("other session", last + timedelta(days=1), "Asia/Jakarta")
        assert self.problem(target=after) is MoveProblem.TOO_FAR

    def test_elsewhere_and_in_good_time(self) -> None:
        same = MoveTarget("session", SLOT.starts_at, "Asia/Jakarta")
        assert self.problem(target=same) is MoveProblem.SAME_SESSION
        closing = bookable_from(NOW, RULES)
        assert self.problem(target=MoveTarget("other session", closing, "Asia/Jakarta")) is None
        closed = MoveTarget("other session", closing - timedelta(milliseconds=1), "Asia/Jakarta")
        assert self.problem(target=closed) is MoveProblem.SESSION_CLOSED


class TestVisit:
    def test_coming_is_said_and_the_interview_ends_it(self) -> None:
        decision = appointments.check_in(APPOINTMENT_ID, confirmed(), NOW)
        assert isinstance(decision.events[0], said.VisitorCheckedIn)
        assert decision.state.checked_in_at == NOW
        used = appointments.use(decision.state).state
        assert (used.status, used.live) == (Status.USED, False)

    def test_not_coming_is_said(self) -> None:
        decision = appointments.miss(APPOINTMENT_ID, confirmed(), OFFICE, RULES)
        assert isinstance(decision.events[0], said.VisitorMissed)
        assert not decision.state.live
        assert appointments.use(decision.state).state.status is Status.USED

    @pytest.mark.parametrize(("timezone", "hours"), [("Asia/Jakarta", 7), ("Asia/Makassar", 8), ("Asia/Jayapura", 9)])
    def test_the_day_is_the_offices_own(self, timezone: str, hours: int) -> None:
        slot = replace(SLOT, starts_at=datetime(2026, 11, 25, 1, tzinfo=UTC) - timedelta(hours=hours))
        begins = datetime(2026, 11, 25, tzinfo=UTC) - timedelta(hours=hours)
        rules = Rules(check_in_early_minutes=24 * 60)

        def problem(now: datetime) -> CheckInProblem | None:
            return check_in_problem(slot, timezone=timezone, now=now, rules=rules)

        assert problem(begins) is None
        assert problem(begins - timedelta(milliseconds=1)) is CheckInProblem.WRONG_DAY
        assert problem(begins + timedelta(days=1)) is CheckInProblem.WRONG_DAY
        assert problem(begins + timedelta(days=1, milliseconds=-1)) is None

    def test_an_hour_early_and_no_earlier(self) -> None:
        opens = SLOT.starts_at - timedelta(minutes=60)
        assert check_in_problem(SLOT, timezone="Asia/Jakarta", now=opens, rules=RULES) is None
        early = opens - timedelta(milliseconds=1)
        assert check_in_problem(SLOT, timezone="Asia/Jakarta", now=early, rules=RULES) is CheckInProblem.TOO_EARLY
        assert check_in_problem(SLOT, timezone="Asia/Jakarta", now=NOW, rules=Rules(check_in_any_day=True)) is None


class TestClaims:
    def test_nobody_wrote_it(self) -> None:
        assert appointments.fate_of_claim(a_claimed_seat(), None) is ClaimFate.TOMBSTONE

    @pytest.mark.parametrize("status", sorted(HAS_SEAT))
    def test_the_holder_keeps_it(self, status: Status) -> None:
        assert appointments.fate_of_claim(a_claimed_seat(), replace(held(), status=status)) is ClaimFate.SETTLE

    def test_another_claim_of_the_same_appointment_is_freed(self) -> None:
        assert appointments.fate_of_claim(a_claimed_seat("stale"), held()) is ClaimFate.FREE
        assert appointments.fate_of_claim(a_claimed_seat("stale"), appointments.tombstone(NOW)) is ClaimFate.FREE

    def test_a_seat_of_the_released_is_freed(self) -> None:
        gone = replace(held(), status=Status.RELEASED, live=False)
        assert appointments.fate_of_claim(a_claimed_seat(), gone) is ClaimFate.FREE
        assert not appointments.has_seat(gone, a_claimed_seat())

    def test_a_seat_that_is_moved_to_or_left_waits(self) -> None:
        moving = replace(confirmed(), status=Status.MOVING, move=Move("other", "regular", "new", NOW, "command"))
        assert appointments.fate_of_claim(a_claimed_seat("new"), moving) is ClaimFate.WAIT
        assert appointments.has_seat(moving, a_claimed_seat("new"))
        leaving = replace(confirmed(), leaving=(Leaving("seat", "old", NOW),))
        assert appointments.fate_of_claim(a_claimed_seat("old"), leaving) is ClaimFate.WAIT
        assert appointments.has_seat(leaving, a_claimed_seat("old"))
        assert appointments.has_seat(leaving, a_claimed_seat("token"))


class TestSeats:
    def test_a_seat_goes_round(self) -> None:
        seat = a_claimed_seat()
        assert seats.seat_deadlines(seat) == {"claim": NOW + timedelta(seconds=15)}
        longer = seats.claimed_longer(seat, NOW + timedelta(seconds=30))
        assert longer.claim_until == NOW + timedelta(seconds=30)
        taken = seats.settled(seat)
        assert seats.seat_deadlines(taken) == {}
        cooling = seats.let_go(taken, NOW + timedelta(seconds=60))
        assert seats.seat_deadlines(cooling) == {"cool": NOW + timedelta(seconds=60)}
        assert seats.warmed(cooling) == a_seat()
        assert seats.undone(seat) == a_seat()

    def test_what_is_taken_cannot_be_claimed(self) -> None:
        with pytest.raises(IllegalTransition):
            seats.claimed(seats.settled(a_claimed_seat()), by="x", token="y", until=NOW)
        with pytest.raises(IllegalTransition):
            seats.slot_of("seat", a_seat())

    @given(st.floats(min_value=0, max_value=1, exclude_max=True))
    def test_cooling_lies_between_its_limits(self, fraction: float) -> None:
        until = seats.cooling_until(NOW, shortest_seconds=60, longest_seconds=300, fraction=fraction)
        assert timedelta(seconds=60) <= until - NOW <= timedelta(seconds=300)

    def test_a_lost_seat_may_come_back_while_nobody_has_it(self) -> None:
        start = a_seat().starts_at
        assert seats.can_be_had_again(a_seat(), bookable_from=start)
        assert seats.can_be_had_again(a_seat(status=SeatStatus.COOLING), bookable_from=start)
        assert not seats.can_be_had_again(a_seat(), bookable_from=start + timedelta(milliseconds=1))
        assert not seats.can_be_had_again(a_claimed_seat(), bookable_from=start)


class TestSessions:
    def test_capacity_follows_booths_staff_and_time(self) -> None:
        assert capacity(booths=2, staff=2, minutes=120, service_minutes=30) == 8
        assert capacity(booths=4, staff=1, minutes=120, service_minutes=30) == 4
        assert capacity(booths=1, staff=9, minutes=119, service_minutes=30) == 3

    @given(
        booths=st.integers(0, 50), staff=st.integers(0, 50), minutes=st.integers(0, 600), service=st.integers(1, 120)
    )
    def test_capacity_never_exceeds_what_booths_or_staff_can_do(
        self, booths: int, staff: int, minutes: int, service: int
    ) -> None:
        possible = capacity(booths=booths, staff=staff, minutes=minutes, service_minutes=service)
        assert possible * service <= booths * minutes
        assert possible * service <= staff * minutes

    @pytest.mark.parametrize(
        ("changes", "problem"),
        [
            ({}, None),
            ({"pools": {Pool.REGULAR: 9}}, PlanProblem.QUOTA_ABOVE_CAPACITY),
            ({"staff": 1}, PlanProblem.QUOTA_ABOVE_CAPACITY),
            ({"pools": {}}, PlanProblem.NO_SEATS),
            ({"end": time(8)}, PlanProblem.ENDS_BEFORE_IT_STARTS),
            ({"start": time(8, 15)}, PlanProblem.NOT_ON_A_HALF_HOUR),
            ({"booths": 500, "staff": 500, "pools": {Pool.REGULAR: MOST_SEATS}}, None),
            ({"booths": 500, "staff": 500, "pools": {Pool.REGULAR: MOST_SEATS + 1}}, PlanProblem.TOO_MANY_SEATS),
        ],
    )
    def test_a_plan_must_fit(self, changes: dict[str, object], problem: PlanProblem | None) -> None:
        assert plan_problem(replace(PLAN, **changes)) is problem  # type: ignore[arg-type]

    def test_its_day_must_lie_ahead(self) -> None:
        assert day_problem(SESSION, NOW) is None
        assert day_problem(SESSION, SESSION.starts_at) is PlanProblem.IN_THE_PAST
        edge = SESSION.starts_at - timedelta(days=sessions.LONGEST_HORIZON_DAYS)
        assert day_problem(SESSION, edge) is None
        assert day_problem(SESSION, edge - timedelta(milliseconds=1)) is PlanProblem.TOO_FAR_AHEAD

    def test_times_are_utc_and_the_day_is_the_offices(self) -> None:
        assert SESSION.starts_at == datetime(2026, 11, 25, 1, 0, tzinfo=UTC)
        assert SESSION.ends_at == datetime(2026, 11, 25, 3, 0, tzinfo=UTC)
        early = session_from(PLAN, office_id="merauke", timezone="Asia/Jayapura", day=date(2026, 11, 25), opened_by="x")
        assert early.starts_at == datetime(2026, 11, 24, 23, 0, tzinfo=UTC)

    def test_every_start_of_a_day_has_its_own_letter(self) -> None:
        starts = [time(hour, minute) for hour in range(24) for minute in (0, 30)]
        letters = [letter_of(start) for start in starts]
        assert len(set(letters)) == len(starts)
        assert (letter_of(time(8)), letter_of(time(13)), letter_of(time(7, 30))) == ("A", "K", "AV")

    @given(st.dictionaries(st.sampled_from(list(Pool)), st.integers(0, 300)))
    def test_seats_fill_their_pools_and_no_other(self, pools: dict[Pool, int]) -> None:
        session = replace(SESSION, pools=pools)
        made = seats_of("session", session)
        assert [seat.number for seat in made] == list(range(1, session.capacity + 1))
        for pool in Pool:
            places = [seat.place for seat in made if seat.pool == pool]
            assert len(places) == pools.get(pool, 0)
            assert len(set(places)) == len(places)
            assert all(0 <= place < PLACES for place in places)

    def test_a_session_is_seen_once_its_seats_are_there(self) -> None:
        assert sessions.session_deadlines(SESSION) == {}
        opening = replace(SESSION, opening_until=NOW)
        assert sessions.session_deadlines(opening) == {"open": NOW}
        assert sessions.opened(opening) == SESSION

    def test_the_horizon_begins_today_in_the_zone(self) -> None:
        late = datetime(2026, 11, 23, 16, 0, tzinfo=UTC)
        assert days_ahead(late, "Asia/Jakarta", 2) == [date(2026, 11, 23), date(2026, 11, 24)]
        assert days_ahead(late, "Asia/Jayapura", 1) == [date(2026, 11, 24)]


class TestTemplates:
    CONTENT = {  # noqa: RUF012 - never changed
        "default": {
            "weekdays": ["mon", "tue"],
            "sessions": [
                {
                    "start": "08:00",
                    "end": "10:00",
                    "booths": 2,
                    "service_minutes": 30,
                    "staff": 2,
                    "pools": {"regular": 8},
                }
            ],
        },
    }

    async def test_weeks_open_as_written(self) -> None:
        busy = {"weekdays": ["sat"], "sessions": self.CONTENT["default"]["sessions"] * 2}  # type: ignore[index]
        world = make_world(templates=templates_from(self.CONTENT | {"offices": {NORTH.office_id: busy}}))
        assert world.parts.start is not None
        await world.parts.start()
        plans_for = world.service.facts_cache.plans_for
        monday, saturday = date(2026, 11, 23), date(2026, 11, 28)
        assert len(plans_for(SOUTH.office_id, monday)) == 1
        assert plans_for(SOUTH.office_id, saturday) == ()
        assert plans_for(NORTH.office_id, monday) == ()
        assert len(plans_for(NORTH.office_id, saturday)) == 2
        christmas = date(2027, 12, 25)
        assert christmas.weekday() == saturday.weekday()
        assert plans_for(NORTH.office_id, christmas) == ()
        nyepi, eid_joint_leave = date(2027, 3, 8), date(2027, 3, 9)
        assert [plans_for(SOUTH.office_id, day) for day in (nyepi, eid_joint_leave)] == [(), ()]
        assert [len(plans_for(SOUTH.office_id, day)) for day in (date(2027, 3, 1), date(2027, 3, 2))] == [1, 1]

    @pytest.mark.parametrize(
        "sessions_written",
        [[{"start": "08:00"}], [{"start": "eight"}], [{**CONTENT["default"]["sessions"][0], "booths": 1}]],  # type: ignore[index]
    )
    def test_a_wrong_file_is_named(self, sessions_written: list[dict[str, object]]) -> None:
        with pytest.raises(TemplateFileWrong, match="weekly templates"):
            templates_from({"default": {"weekdays": ["mon"], "sessions": sessions_written}})


class TestOffices:
    ROW = {  # noqa: RUF012 - never changed
        "name": "Jakarta Selatan",
        "class": "I Khusus",
        "tpi": "Non TPI",
        "city_regency": "Kota Jakarta Selatan",
        "regency_code": "3174",
        "province": "DKI Jakarta",
        "timezone": "WIB",
    }

    def test_a_row_becomes_an_office(self) -> None:
        office = office_from_row(self.ROW)
        assert (office.office_id, office.timezone, office.checkpoint) == ("jakarta-selatan", "Asia/Jakarta", False)
        assert slug("Tanjung Pinang  ") == "tanjung-pinang"
        assert set(ZONES) == {"WIB", "WITA", "WIT"}

    @pytest.mark.parametrize(
        ("search", "fits"),
        [
            ({}, True),
            ({"province": "dki jakarta"}, True),
            ({"province": "Bali"}, False),
            ({"timezone": "wib"}, True),
            ({"timezone": "Asia/Jakarta"}, True),
            ({"timezone": "WIT"}, False),
            ({"text": "selatan"}, True),
            ({"text": "kota"}, True),
            ({"text": "batam"}, False),
        ],
    )
    def test_search(self, search: dict[str, str], fits: bool) -> None:
        asked = {"province": None, "timezone": None, "text": None} | search
        assert fits_search(office_from_row(self.ROW), **asked) is fits


class TestTicket:
    TICKET = Ticket(APPOINTMENT_ID, "jakarta-selatan", date(2026, 11, 25), 1)

    def test_it_is_compact_and_comes_back(self) -> None:
        raw = pack(self.TICKET)
        assert len(raw) == 23 + len("jakarta-selatan")
        assert unpack(raw) == self.TICKET

    @pytest.mark.parametrize(
        "raw",
        [
            b"",
            pack(TICKET)[:23],
            b"\x02" + pack(TICKET)[1:],
            pack(TICKET) + b"x" * 60,
            pack(TICKET)[:-1] + b"\xff",
            pack(TICKET)[:19] + b"\x00\x00\x00\x00" + pack(TICKET)[23:],
        ],
    )
    def test_other_bytes_are_no_ticket(self, raw: bytes) -> None:
        with pytest.raises(TicketUnreadable):
            unpack(raw)

    def test_the_ticket_of_an_appointment(self) -> None:
        ticket = appointments.ticket_of(APPOINTMENT_ID, SLOT, 3)
        assert ticket == Ticket(APPOINTMENT_ID, OFFICE.office_id, SLOT.date, 3)


class TestSteps:
    @pytest.mark.parametrize("status", list(Status))
    def test_every_state_says_what_to_do_next(self, status: Status) -> None:
        step = steps.step_of(replace(held(), status=status))
        assert step.next_action
        assert step.next_action_id

    def test_deadlines_are_told_where_they_are_the_persons(self) -> None:
        assert steps.deadline_of(held()) == NOW + timedelta(seconds=300)
        assert steps.deadline_of(confirmed()) == SLOT.starts_at
        offered = appointments.offer(APPOINTMENT_ID, APPLYING, SLOT, "bill", office=OFFICE, now=NOW, rules=RULES).state
        assert steps.deadline_of(offered) == NOW + timedelta(hours=24)
        assert steps.deadline_of(replace(held(), status=Status.AWAITING_PAYMENT)) is None
