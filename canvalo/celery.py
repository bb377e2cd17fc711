"""The Celery application and the whole timetable."""

import os

from celery import Celery

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "canvalo.settings")

app = Celery("canvalo")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.conf.update(
    task_ignore_result=True,
    task_serializer="json",
    accept_content=["json"],
    task_acks_late=True,  # a task in hand when its worker dies is done again
    task_reject_on_worker_lost=True,
    task_time_limit=120,
    broker_connection_retry_on_startup=True,
    worker_hijack_root_logger=False,
    timezone="UTC",
    beat_schedule={
        "snapshot closed minutes": {
            "task": "optimizer.tasks.snapshot_metrics",
            "schedule": 20.0,
            "options": {"expires": 60},
        },
        "delete old sums": {
            "task": "optimizer.tasks.expire_metrics",
            "schedule": 3600.0,
            "options": {"expires": 600},
        },
        "fetch Supabase's own counts": {
            "task": "optimizer.tasks.fetch_usage",
            "schedule": 3600.0,
            "options": {"expires": 600},
        },
        "clean up expired cache entries": {
            "task": "optimizer.tasks.clean_cache",
            "schedule": 60.0,
            "options": {"expires": 60},
        },
        "judge the alert rules": {
            "task": "optimizer.tasks.evaluate_alerts",
            "schedule": 30.0,
            "options": {"expires": 30},
        },
        "send alert mails": {
            "task": "optimizer.tasks.deliver_alerts",
            "schedule": 30.0,
            "options": {"expires": 30},
        },
        "send the heartbeat": {
            "task": "optimizer.tasks.send_heartbeat",
            "schedule": 60.0,
            "options": {"expires": 60},
        },
        "delete old alert mails": {
            "task": "optimizer.tasks.expire_alerts",
            "schedule": 3600.0,
            "options": {"expires": 600},
        },
    },
)
app.autodiscover_tasks()
