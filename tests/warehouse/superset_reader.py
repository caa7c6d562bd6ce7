"""Asks a Superset that imported docs/superset: run by Superset's own Python, prints one document of JSON.

`{"charts": {name: rows}, "settings": [access mode, disabled optimizers], "refused": {statement: error}}`.
"""

import json
import sys
from typing import Any

from superset.app import create_app

REFUSED = ("CREATE TABLE more (n INTEGER)", "SELECT count(*) FROM read_text('/etc/hostname')")


def rows_of(chart: Any) -> list[dict[str, Any]]:  # noqa: ANN401
    """Return what Superset's own query builder answers for the chart."""
    from superset.commands.chart.data.get_data_command import ChartDataCommand
    from superset.common.query_context_factory import QueryContextFactory

    params = json.loads(chart.params)
    filters = [
        {"col": f["subject"], "op": f["operator"], "val": f["comparator"]} for f in params["adhoc_filters"]
    ]
    query = {
        "columns": params["groupby"] or [params["x_axis"]],
        "metrics": params.get("metrics") or [params["metric"]],
        "filters": filters,
        "row_limit": params["row_limit"],
    }
    source = {"id": chart.datasource_id, "type": "table"}
    context = QueryContextFactory().create(
        datasource=source, queries=[query], force=True, result_type="full", result_format="json"
    )
    answers = ChartDataCommand(context).run()["queries"]
    return [row for answer in answers for row in answer["data"]]


def error_of(database: Any, statement: str) -> str:  # noqa: ANN401
    """Return why the statement was refused; empty if it was not."""
    try:
        database.get_df(statement)
    except Exception as error:  # a refusal of any kind is what is asked for
        return str(error)
    return ""


def main() -> None:
    from superset import db, security_manager
    from superset.models.core import Database
    from superset.models.slice import Slice
    from superset.utils.core import override_user

    with override_user(security_manager.find_user("admin")):
        charts = {chart.slice_name: rows_of(chart) for chart in db.session.query(Slice)}
        database = db.session.query(Database).filter_by(database_name="zoufang").one()
        setting = "SELECT current_setting('access_mode'), current_setting('disabled_optimizers')"
        settings = database.get_df(setting).values.tolist()[0]
        refused = {statement: error_of(database, statement) for statement in REFUSED}
    json.dump({"charts": charts, "settings": settings, "refused": refused}, sys.stdout, default=str)


if __name__ == "__main__":
    with create_app().app_context():
        main()
