"""What every page is drawn with: template tags, components, form renderer, responses to htmx. Knows no app."""
