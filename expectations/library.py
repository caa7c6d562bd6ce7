"""Great Expectations, imported with telemetry switched off.

Here: the only import of the library; the rest takes its names from here.  Importing takes seconds.
Not here: expectations of our own (checks.py), suites (suites_*.py).
"""

import os

# Must stand before the import: the library reads them once.
os.environ["GX_ANALYTICS_ENABLED"] = "false"
os.environ["DO_NOT_TRACK"] = "1"

import great_expectations as gx
import great_expectations.expectations as gxe
from great_expectations.compatibility.pydantic import PrivateAttr
from great_expectations.core.batch_definition import BatchDefinition
from great_expectations.core.expectation_validation_result import (
    ExpectationSuiteValidationResult,
    ExpectationSuiteValidationResultSchema,
    ExpectationValidationResult,
)
from great_expectations.core.run_identifier import RunIdentifier
from great_expectations.data_context import EphemeralDataContext
from great_expectations.data_context.types.base import (
    DataContextConfig,
    InMemoryStoreBackendDefaults,
    ProgressBarsConfig,
)
from great_expectations.data_context.types.resource_identifiers import (
    ExpectationSuiteIdentifier,
    ValidationResultIdentifier,
)
from great_expectations.execution_engine import ExecutionEngine
from great_expectations.expectations import Expectation
from great_expectations.expectations.metrics.query_metrics import UnexpectedRowsQueryTable
from great_expectations.render import LegacyDiagnosticRendererType
from great_expectations.render.renderer.renderer import renderer

__all__ = [
    "BatchDefinition",
    "DataContextConfig",
    "EphemeralDataContext",
    "ExecutionEngine",
    "Expectation",
    "ExpectationSuiteIdentifier",
    "ExpectationSuiteValidationResult",
    "ExpectationSuiteValidationResultSchema",
    "ExpectationValidationResult",
    "InMemoryStoreBackendDefaults",
    "LegacyDiagnosticRendererType",
    "PrivateAttr",
    "ProgressBarsConfig",
    "RunIdentifier",
    "UnexpectedRowsQueryTable",
    "ValidationResultIdentifier",
    "gx",
    "gxe",
    "renderer",
]
