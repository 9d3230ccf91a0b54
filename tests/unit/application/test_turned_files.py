"""Pictures and letters of before persons had keys are given to their applicant by the key turn."""

from __future__ import annotations

from services.application.applications.repository import APPLICATION
from services.application.use_cases import _key_turns
from shared.crypto.keyring import Keyring
from shared.files.memory import MemoryFiles
from shared.files.port import FileMeta
from shared.key_turn.steps import DocumentsStep
from tests.unit.application.test_uploads import answered
from tests.unit.application.world import World
from tests.unit.world import key


async def test_files_of_applications_move_to_their_applicant_and_damaged_ones_are_counted(world: World) -> None:
    application_id = await answered(world)
    document = (await world.upload(application_id, "ktp")).document
    files = world.service.context.files
    table = files._table  # type: ignore[attr-defined]
    keyring = world.settings.master_keyring()
    await files.delete(str(document.file_id))
    before = MemoryFiles(keyring, world.clock)
    before._table = table
    await before.put(str(document.file_id), FileMeta("image/jpeg", 7), b"picture")
    record = await world.store.get(APPLICATION, application_id)
    assert record is not None
    service = world.service
    steps = _key_turns(service.context, service.applications.vault, service.passport_records.vault)._steps
    (step,) = [each for each in steps if isinstance(each, DocumentsStep) and each._how.kind is APPLICATION]
    assert (await step.batch("", 10, turn=True)).failed == 0
    given = await table.file(str(document.file_id))
    assert given.wrapped_key.startswith("P1.") and given.meta.subject_id == record.state.applicant_id
    await files.delete(str(document.file_id))
    lost = MemoryFiles(Keyring.parse(key("gone", 9)), world.clock)
    lost._table = table
    await lost.put(str(document.file_id), FileMeta("image/jpeg", 7), b"picture")
    assert (await step.batch("", 10, turn=True)).failed == 1
