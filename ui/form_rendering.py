"""How `{{ form }}` looks: with the templates of the design system."""

from django.forms.renderers import TemplatesSetting


class PageRenderer(TemplatesSetting):
    """Named by FORM_RENDERER. Widgets are Django's own; what stands around them is ours."""

    form_template_name = "_components/form.html"
    field_template_name = "_components/field.html"
