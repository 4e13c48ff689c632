"""French: months in small letters and with a point where they are cut, thousands apart by a narrow space."""

DATE_FORMAT = SHORT_DATE_FORMAT = "j N Y"
DATETIME_FORMAT = SHORT_DATETIME_FORMAT = "j N Y, H:i"
MONTH_DAY_FORMAT = "j N"
YEAR_MONTH_FORMAT = "N Y"
THOUSAND_SEPARATOR = "\u202f"
