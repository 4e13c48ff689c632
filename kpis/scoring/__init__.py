"""The KPIs of items, stages, phases and journeys."""
