"""Guessing passwords: budgets, equal answers and equal times."""

import time
from dataclasses import replace
from datetime import timedelta
from statistics import median

import pytest

from services.auth.domain.errors import TooManyAttempts
from services.auth.provider.attempts import LocalAttempts
from services.auth.provider.gatekeeper import (
    PER_ACCOUNT,
    PER_ACCOUNT_A_DAY,
    PER_ADDRESS,
    PER_DEVICE,
    Gatekeeper,
    WrongCredentials,
)
from services.auth.provider.passwords import Argon2Passwords
from tests.support.auth import CHEAP_PASSWORDS, PASSWORD, SteppingClock, a_provider, answer_of, in_memory_stores


class CountingPasswords:
    """Passwords that count how often they are looked at; everything is wrong but the right one."""

    decoy = "decoy"

    def __init__(self):
        self.looked_at = 0

    async def digest(self, password):
        return password

    async def fits(self, password_hash, password):
        self.looked_at += 1
        return password_hash == password


def a_gate(accounts, passwords=CHEAP_PASSWORDS, clock=None):
    return Gatekeeper(accounts, passwords, LocalAttempts(clock or SteppingClock()))


async def guess(gate, username="anne.dupre", password="faux", address="192.0.2.1", device=None):
    try:
        return await gate.admit(username, password, address, device)
    except (WrongCredentials, TooManyAttempts) as refusal:
        return type(refusal)


async def test_the_right_password_opens_whatever_the_case_of_the_name():
    world = await a_provider()
    account = await guess(a_gate(world.stores.accounts), " Anne.DUPRE ", PASSWORD)
    assert account.subject == world.subject


async def test_after_too_many_wrong_guesses_even_the_right_one_is_not_looked_at():
    world = await a_provider()
    gate = a_gate(world.stores.accounts)
    answers = [await guess(gate, address=f"192.0.2.{n}") for n in range(PER_ACCOUNT.limit)]
    assert set(answers) == {WrongCredentials}
    assert await guess(gate, password=PASSWORD) is TooManyAttempts


async def test_a_stranger_cannot_lock_the_owner_out_of_a_browser_that_is_known():
    world = await a_provider()
    gate = a_gate(world.stores.accounts)
    for n in range(PER_ACCOUNT.limit + 5):
        await guess(gate, address=f"198.51.100.{n}")
    account = await guess(gate, password=PASSWORD, device="known")
    assert account.subject == world.subject


async def test_at_most_a_hundred_guesses_a_day_are_looked_at_for_one_account():
    clock, passwords = SteppingClock(), CountingPasswords()
    gate = a_gate(in_memory_stores().accounts, passwords, clock)
    for n in range(24 * 60):
        await guess(gate, address=f"2001:db8::{n}")
        await guess(gate, address=f"2001:db8::{n}", device="stolen")
        clock.move(timedelta(minutes=1))
    assert passwords.looked_at == PER_ACCOUNT_A_DAY.limit + PER_DEVICE.limit <= 100


async def test_spraying_many_accounts_from_one_address_is_stopped():
    passwords = CountingPasswords()
    gate = a_gate(in_memory_stores().accounts, passwords)
    for n in range(1000):
        await guess(gate, username=f"user{n}")
    assert passwords.looked_at == PER_ADDRESS.limit


async def test_a_success_costs_nothing():
    world = await a_provider()
    gate = a_gate(world.stores.accounts)
    for _ in range(PER_ACCOUNT.limit * 2):
        assert (await guess(gate, password=PASSWORD)).subject == world.subject


async def test_a_budget_comes_back_with_the_next_window():
    world = await a_provider()
    gate = a_gate(world.stores.accounts, clock=world.clock)
    for _ in range(PER_ACCOUNT.limit + 1):
        await guess(gate)
    world.clock.move(PER_ACCOUNT.window)
    assert (await guess(gate, password=PASSWORD)).subject == world.subject


async def test_an_over_long_password_is_refused_though_its_start_is_right():
    world = await a_provider()
    long = "x" * 200
    await world.directory.create_user("paul.martin", "Paul", "", "x" * 128)
    assert await guess(a_gate(world.stores.accounts), "paul.martin", long) is WrongCredentials


async def test_unknown_and_wrong_take_the_same_time():
    world = await a_provider()
    passwords = Argon2Passwords()
    account = await world.stores.accounts.by_username("anne.dupre")
    await world.stores.accounts.replace(replace(account, password_hash=await passwords.digest(PASSWORD)))
    gate = a_gate(world.stores.accounts, passwords)
    times = {"anne.dupre": [], "personne": []}
    for n in range(9):
        for username, measured in times.items():
            start = time.process_time()
            await guess(gate, username, address=f"192.0.2.{n}")
            measured.append(time.process_time() - start)
    assert median(times["anne.dupre"]) == pytest.approx(median(times["personne"]), rel=0.25)


async def test_the_browser_is_told_and_the_known_one_still_gets_in():
    world = await a_provider()
    owner = world.browser()
    await owner.log_in()
    stranger = world.browser()
    for _ in range(PER_ACCOUNT.limit):
        await stranger.type_password(await stranger.ask(), "faux")
    assert (await stranger.type_password(await stranger.ask(), PASSWORD)).status_code == 429
    assert "code" in answer_of(await owner.type_password(await owner.ask(prompt="login")))


async def test_a_device_statement_of_one_account_is_worth_nothing_for_another():
    world = await a_provider()
    await world.directory.create_user("paul.martin", "Paul Martin", "", PASSWORD)
    browser, stranger = world.browser(), world.browser()
    await browser.log_in()
    for _ in range(PER_ACCOUNT.limit):
        await stranger.type_password(await stranger.ask(), "faux", "paul.martin")
    answer = await browser.type_password(await browser.ask(prompt="login"), PASSWORD, "paul.martin")
    assert answer.status_code == 429


async def test_passwords_are_kept_as_argon2id_with_the_owasp_setting():
    passwords = Argon2Passwords()
    encoded = await passwords.digest(PASSWORD)
    assert encoded.startswith("$argon2id$v=19$m=19456,t=2,p=1$")
    assert await passwords.fits(encoded, PASSWORD)
    assert not await passwords.fits("abîmé", PASSWORD)


async def test_the_same_password_written_another_way_in_unicode_fits():
    encoded = await CHEAP_PASSWORDS.digest("cle\u0301 de voûte ½")
    assert await CHEAP_PASSWORDS.fits(encoded, "cl\u00e9 de voûte ½")
