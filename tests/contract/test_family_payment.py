"""A family pays with one code through all five services over HTTP: each person has a seat, and is refunded alone."""

from __future__ import annotations

from tests.assembled import Suite
from tests.unit.identity.world import nobody
from tests.walking import Citizen


async def billed(citizen: Citizen) -> str:
    """A submitted application of the present applicant with a seat and a bill."""
    await citizen.begin()
    await citizen.answer()
    await citizen.upload_everything()
    await citizen.submit()
    await citizen.hold()
    return str((await citizen.bill())["bill_id"])


async def test_two_people_of_one_account_pay_with_one_code_and_each_has_a_seat() -> None:
    suite = Suite()
    await suite.start()
    async with suite.served(), Citizen(suite) as citizen:
        await citizen.register()
        visits, bills = [], []
        for number in (1, 2):
            await citizen.become_applicant(nik=nobody(number).nik, full_name="ORANG CONTOH")
            bills.append(await billed(citizen))
            visits.append((citizen.application_id, citizen.appointment_id))
        opened = await citizen.done("billing", "POST", "/v1/joint-bills", {"bill_ids": bills})
        path = f"/v1/joint-bills/{opened['joint_bill_id']}"
        joint = await citizen.done("billing", "GET", path)
        assert joint["state"] == "issued"
        assert joint["billing_code"] in (await citizen.view())["next_action"]
        told = suite.agencies.mailer.taken[-1].body
        assert joint["billing_code"] in told
        await citizen.pay_code(joint["billing_code"], joint["amount"])
        assert (await citizen.done("billing", "GET", path))["state"] == "paid"
        for citizen.application_id, citizen.appointment_id in visits:
            assert (await citizen.appointment())["state"] == "confirmed"
            assert (await citizen.bill())["state"] == "paid"
        await citizen.done("application", "POST", f"{citizen.application}/withdrawal")
        citizen.application_id, citizen.appointment_id = visits[0]
        assert (await citizen.appointment())["state"] == "confirmed"
        assert await suite.broken_rules() == {}
