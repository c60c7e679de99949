"""Write a service's next migration from its rows (`make migration SERVICE=forms MESSAGE="…"`), against a throw-away database."""

import argparse
import asyncio
import tempfile
from pathlib import Path

from alembic import command
from alembic.config import Config

from chassis.database.migrations import prepare_schema, upgrade
from node.embedded import embedded_postgres

ROOT = Path(__file__).resolve().parent.parent


def autogenerate(service: str, message: str, number: str, url: str) -> None:
    """Upgrade the throw-away schema to head and write the difference as revision `number`."""
    config = Config()
    config.set_main_option("script_location", str(ROOT / "services" / service / "store" / "migrations"))
    config.attributes["url"], config.attributes["schema"] = url, service
    command.revision(config, message=message, autogenerate=True, rev_id=number)


async def main() -> None:
    """Parse arguments and write the migration."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("service")
    parser.add_argument("message")
    arguments = parser.parse_args()
    versions = ROOT / "services" / arguments.service / "store" / "migrations" / "versions"
    versions.mkdir(parents=True, exist_ok=True)
    number = f"{len(list(versions.glob('[0-9]*.py'))) + 1:04d}"
    with tempfile.TemporaryDirectory() as folder:
        async with embedded_postgres(Path(folder)) as admin_url:
            url = await asyncio.to_thread(prepare_schema, admin_url, arguments.service)
            if number != "0001":
                await asyncio.to_thread(upgrade, url, arguments.service)
            await asyncio.to_thread(autogenerate, arguments.service, arguments.message, number, url)


if __name__ == "__main__":
    asyncio.run(main())
