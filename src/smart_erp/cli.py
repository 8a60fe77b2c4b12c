"""The command line: `smart-erp COMMAND` or `python -m smart_erp COMMAND`."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from typing import TypeAlias

import django.db
import psycopg

from smart_erp import environment, home
from smart_erp.environment import ConfigurationError, Environment
from smart_erp.generator.sizes import SIZES
from smart_erp.releases import RELEASES

Command: TypeAlias = Callable[[Environment, argparse.Namespace], int]


def main(arguments: list[str] | None = None) -> int:
    """Run one command; 0 = done, 1 = it could not be done, 2 = wrong usage or configuration."""
    options = _parser().parse_args(arguments)
    command: Command = options.command
    try:
        settings = environment.read()
        home.prepare(settings)
        return command(settings, options)
    except ConfigurationError as error:
        print("smart-erp: the configuration is wrong:", *error.faults, sep="\n  - ", file=sys.stderr)
        return 2
    except (psycopg.OperationalError, django.db.OperationalError) as error:
        print(f"smart-erp: the database cannot be reached or refused: {error}".rstrip(), file=sys.stderr)
        return 1


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="smart-erp", description=f"Smart Education ERP, releases {' and '.join(RELEASES)}."
    )
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    def add(name: str, command: Command, summary: str) -> argparse.ArgumentParser:
        one = commands.add_parser(name, help=summary, description=summary)
        one.set_defaults(command=command)
        return one

    add("migrate", _migrate, "bring the schema to the release in SMART_ERP_RELEASE, up or down")
    fill = add("fill", _fill, "fill an empty database with an invented school")
    fill.add_argument("--size", choices=list(SIZES), default="small")
    fill.add_argument("--seed", type=int, default=1, help="the same seed makes the same school (default 1)")
    fill.add_argument("--year", type=int, default=2025, help="the school year begins in September of it")
    fill.add_argument(
        "--password", help="prefer SMART_ERP_DEMO_PASSWORD: arguments are visible to other processes"
    )
    fill.add_argument("--replace", action="store_true", help="delete the school that is there first")
    add("serve", _serve, "run the web server until SIGTERM")
    upkeep = add("maintenance", _maintenance, "switch maintenance mode, or say whether it is on")
    upkeep.add_argument("action", choices=["on", "off", "status"])
    upkeep.add_argument("--message", default="", help="shown to everybody who opens a page")
    traffic = add("traffic", _traffic, "sign in as users of the school and work over HTTP")
    traffic.add_argument("--url", required=True)
    traffic.add_argument("--users", type=int, default=5, help="people at work at the same time")
    traffic.add_argument("--rate", type=float, default=3.0, help="requests a second, all users together")
    traffic.add_argument("--seconds", type=float, help="stop after that long (default: at SIGTERM)")
    traffic.add_argument("--seed", type=int, default=1)
    return parser


def _migrate(settings: Environment, options: argparse.Namespace) -> int:
    from smart_erp import schema

    print(schema.migrate(settings.release))
    return 0


def _fill(settings: Environment, options: argparse.Namespace) -> int:
    from smart_erp.generator import fill

    password = options.password or home.demo_password(settings)
    plan = fill.Plan(size=SIZES[options.size], seed=options.seed, year=options.year, password=password)
    try:
        counts = fill.fill(settings, plan, replace=options.replace)
    except fill.NotEmpty as error:
        print(f"smart-erp: {error}", file=sys.stderr)
        return 1
    for table, rows in counts.items():
        print(f"{table:<18}{rows:>10,}")
    return 0


def _serve(settings: Environment, options: argparse.Namespace) -> int:
    from smart_erp import configuration, server

    configuration.load(settings.home)
    server.serve(settings)
    return 0


def _maintenance(settings: Environment, options: argparse.Namespace) -> int:
    from smart_erp.campus import maintenance

    if options.action == "on":
        maintenance.switch_on(settings.home, options.message)
    elif options.action == "off":
        maintenance.switch_off(settings.home)
    current = maintenance.status(settings.home)
    print(f"maintenance is on since {current.since}: {current.message}" if current else "maintenance is off")
    return 0


def _traffic(settings: Environment, options: argparse.Namespace) -> int:
    from smart_erp.traffic import run

    return run.run(
        run.Plan(
            url=options.url.rstrip("/"),
            users=options.users,
            rate=options.rate,
            seconds=options.seconds,
            seed=options.seed,
            password=home.demo_password(settings),
        )
    )
