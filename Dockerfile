# One image for web, worker and beat.
FROM python:3.11-slim AS base
ENV PYTHONDONTWRITEBYTECODE=1 PYTHONUNBUFFERED=1 PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1
WORKDIR /app
COPY requirements.lock .
RUN pip install --require-hashes -r requirements.lock
COPY . .
# Static files are collected into the image; the settings need values for this, which are not kept.
RUN DATABASE_URL=postgres://unused SECRET_KEY=unused ENCRYPTION_KEYS=unused python manage.py collectstatic --noinput \
    && useradd --create-home parcours && mkdir -p /app/var && chown -R parcours /app/var
USER parcours
ENV REMAP_SIGTERM=SIGQUIT
EXPOSE 8000
CMD ["python", "manage.py", "serve", "--bind", "0.0.0.0:8000"]
