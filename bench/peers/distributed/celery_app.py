"""What the workers of Celery run, and `caller` in this folder calls."""
import os

from celery import Celery

URL = os.environ["BENCH_REDIS"]
app = Celery("celery_app", broker=URL, backend=URL)
app.conf.update(
    task_serializer="json",
    result_serializer="json",
    accept_content=["json"],
    result_expires=300,
    # The default of 4: 1 was slower, 16 no faster.
    worker_prefetch_multiplier=4,
)


@app.task
def echo(message):
    return message
