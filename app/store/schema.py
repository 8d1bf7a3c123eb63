"""What every table belongs to. Instants are timestamptz."""

from sqlalchemy import DateTime, MetaData

metadata = MetaData()
INSTANT = DateTime(timezone=True)
