"""Where the parts of dossier meet."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from datetime import timedelta
from functools import cached_property

from motcua.dossier.v1.calendar_pb2_grpc import add_CalendarServiceServicer_to_server
from motcua.dossier.v1.consultation_pb2_grpc import add_ConsultationServiceServicer_to_server
from motcua.dossier.v1.document_pb2_grpc import add_DocumentServiceServicer_to_server
from motcua.dossier.v1.dossier_pb2_grpc import add_DossierServiceServicer_to_server
from motcua.dossier.v1.procedure_pb2_grpc import add_ProcedureServiceServicer_to_server
from motcua_dossier.adapters import collections
from motcua_dossier.adapters.calendars import IN_USE, StoredCalendars
from motcua_dossier.adapters.city import JsonSchemaForms, ProcedureFiles, load_overrides
from motcua_dossier.adapters.drafts import MongoDrafts
from motcua_dossier.adapters.identity import IdentityRegistry
from motcua_dossier.adapters.import_lines import MAX_LINE, parse_line
from motcua_dossier.adapters.inspection import FileInspector
from motcua_dossier.adapters.land import LandServiceRegister
from motcua_dossier.adapters.lives import LIVES
from motcua_dossier.adapters.names import names
from motcua_dossier.adapters.sequences import MongoSequences
from motcua_dossier.adapters.slip_printer import TypstSlipPrinter
from motcua_dossier.adapters.taken_over import MongoTakenOver
from motcua_dossier.application.calendar import CalendarOffice
from motcua_dossier.application.consultations import Consultations
from motcua_dossier.application.documents import DocumentStore
from motcua_dossier.application.drafts import Drafting
from motcua_dossier.application.files import Files
from motcua_dossier.application.held import HeldFacts
from motcua_dossier.application.importing import Importer, Refusal, Tally
from motcua_dossier.application.procedures import Catalogue
from motcua_dossier.application.processing import Processing
from motcua_dossier.application.queries import Queries
from motcua_dossier.application.reception import Reception
from motcua_dossier.application.results import Results
from motcua_dossier.application.slips import Slips
from motcua_dossier.domain.calendar import CityCalendar
from motcua_dossier.domain.consultation import Consultation
from motcua_dossier.domain.documents import Document
from motcua_dossier.domain.dossier import Dossier
from motcua_dossier.entrypoints import cli
from motcua_dossier.entrypoints.dossier_grpc import DossierGrpc
from motcua_dossier.entrypoints.grpc import CalendarGrpc, ConsultationGrpc, DocumentGrpc, ProcedureGrpc
from motcua_dossier.entrypoints.import_command import import_command
from motcua_dossier.entrypoints.tasks import dossier_tasks
from motcua_dossier.settings import DossierSettings, MalwareScanner
from motcua_kit.clock import Clock
from motcua_kit.health import Health
from motcua_kit.rpc import Servicer
from motcua_kit.scanning import ClamdScanner, LocalScanner, Scanner
from motcua_kit.service import App, Runtime, Service
from motcua_kit.service.schema import require_schema
from motcua_kit.store import Repository


class Parts:
    """The object graph; a process makes only what it uses."""

    def __init__(self, settings: DossierSettings, runtime: Runtime) -> None:
        self._settings = settings
        self._runtime = runtime
        store, signer = runtime.store, runtime.page_signer
        self.dossiers = Repository(store, Dossier, collections.DOSSIERS, signer=signer)
        self.documents = Repository(store, Document, collections.DOCUMENTS, signer=signer)
        self.consultations = Repository(store, Consultation, collections.CONSULTATIONS, signer=signer)
        self.calendar_repository = Repository(store, CityCalendar, collections.CALENDARS, signer=signer)
        self.calendars = StoredCalendars(
            self.calendar_repository,
            lambda: load_overrides(settings.city_dir / "calendar" / "overrides.yaml"),
            runtime.clock,
        )
        self.procedures = ProcedureFiles(settings.city_dir)
        self.forms = JsonSchemaForms(settings.city_dir, self.procedures.all)
        self.registry = IdentityRegistry(lambda: runtime.channel("identity"))
        self.sequences = MongoSequences(store)

    @cached_property
    def scanner(self) -> Scanner:
        """Looks for malware."""
        if self._settings.malware_scanner is MalwareScanner.LOCAL:
            return LocalScanner()
        return ClamdScanner(self._settings.clamd_host, self._settings.clamd_port)

    @cached_property
    def inspector(self) -> FileInspector:
        """Looks into files."""
        return FileInspector(self._runtime.objects, self.scanner)

    @cached_property
    def held(self) -> HeldFacts:
        """What the City holds of a person."""
        return HeldFacts(LandServiceRegister(lambda: self._runtime.channel("land")))

    @cached_property
    def drafting(self) -> Drafting:
        """Commands on drafts."""
        return Drafting(
            dossiers=self.dossiers,
            drafts=MongoDrafts(self._runtime.store),
            documents=self.documents,
            procedures=self.procedures,
            forms=self.forms,
            registry=self.registry,
            held=self.held,
            sequences=self.sequences,
            objects=self._runtime.objects,
        )

    @cached_property
    def files(self) -> Files:
        """Commands and queries on files."""
        return Files(
            dossiers=self.dossiers,
            procedures=self.procedures,
            objects=self._runtime.objects,
            inspector=self.inspector,
            log=self._runtime.access_log,
            clock=self._runtime.clock,
            unsent_kept=timedelta(hours=self._settings.unsent_upload_hours),
        )

    @cached_property
    def reception(self) -> Reception:
        """Commands at reception."""
        return Reception(
            dossiers=self.dossiers,
            registry=self.registry,
            held=self.held,
            procedures=self.procedures,
            forms=self.forms,
            calendars=self.calendars,
            sequences=self.sequences,
            transactions=self._runtime.store,
        )

    @cached_property
    def processing(self) -> Processing:
        """Commands on dossiers in work."""
        return Processing(self.dossiers, self.procedures, self.forms, self.calendars)

    @cached_property
    def results(self) -> Results:
        """Commands on results."""
        return Results(self.dossiers, self.documents, self.inspector)

    @cached_property
    def slips(self) -> Slips:
        """Issues slips."""
        return Slips(
            dossiers=self.dossiers,
            documents=self.documents,
            registry=self.registry,
            objects=self._runtime.objects,
            printer=TypstSlipPrinter(self._settings.city_dir / "slips", lambda: self._runtime.signer),
        )

    @cached_property
    def consulting(self) -> Consultations:
        """Commands and queries on consultations."""
        return Consultations(self.consultations, self.dossiers, self.procedures, self.registry, self.calendars)

    @cached_property
    def calendar_office(self) -> CalendarOffice:
        """Commands and queries on the calendar."""
        return CalendarOffice(self.calendar_repository, self.calendars, self.dossiers, self.consultations)

    def importer(self, refuse: Callable[[Refusal], None], progress: Callable[[Tally], None]) -> Importer:
        """What takes over the dossiers of the system before this one."""
        return Importer(
            parse=parse_line,
            taken=MongoTakenOver(self._runtime.store),
            procedures=self.procedures,
            forms=self.forms,
            registry=self.registry,
            calendars=self.calendars,
            clock=self._runtime.clock,
            refuse=refuse,
            progress=progress,
        )


def build(settings: DossierSettings, runtime: Runtime) -> App:
    """Put dossier together."""
    parts = Parts(settings, runtime)
    dossiers = DossierGrpc(
        drafting=parts.drafting,
        files=parts.files,
        reception=parts.reception,
        processing=parts.processing,
        results=parts.results,
        queries=Queries(parts.dossiers, runtime.access_log),
    )
    documents = DocumentGrpc(DocumentStore(parts.documents, runtime.objects, runtime.access_log, runtime.clock))
    catalogue = ProcedureGrpc(Catalogue(parts.procedures, parts.forms, runtime.page_signer, runtime.clock))
    consultations = ConsultationGrpc(parts.consulting)
    calendars = CalendarGrpc(parts.calendar_office)
    package = "motcua.dossier.v1"
    return App(
        servicers=[
            Servicer(f"{package}.DossierService", add_DossierServiceServicer_to_server, dossiers),
            Servicer(f"{package}.DocumentService", add_DocumentServiceServicer_to_server, documents),
            Servicer(f"{package}.ProcedureService", add_ProcedureServiceServicer_to_server, catalogue),
            Servicer(f"{package}.ConsultationService", add_ConsultationServiceServicer_to_server, consultations),
            Servicer(f"{package}.CalendarService", add_CalendarServiceServicer_to_server, calendars),
        ],
        tasks=dossier_tasks(
            files=parts.files,
            slips=parts.slips,
            results=parts.results,
            processing=parts.processing,
            consultations=parts.consulting,
            calendars=parts.calendar_office,
            leftovers=lambda: SERVICE.leftovers(runtime),
        ),
    )


def _calendar_office() -> tuple[CalendarOffice, Clock]:
    """Return what the commands of the calendar work with, from the environment."""
    settings = SERVICE.load_settings()
    runtime = Runtime(settings)
    return Parts(settings, runtime).calendar_office, runtime.clock


@contextmanager
def _importer(refuse: Callable[[Refusal], None], progress: Callable[[Tally], None]) -> Iterator[Importer]:
    """Give what the import works with, from the environment; the database must be migrated."""
    settings = SERVICE.load_settings()
    require_schema(SERVICE, settings, Health())
    with closing(Runtime(settings)) as runtime:
        yield Parts(settings, runtime).importer(refuse, progress)


SERVICE = Service(
    name="dossier",
    settings=DossierSettings,
    build=build,
    migrations=collections.MIGRATIONS,
    names=names,
    lives=LIVES,
    commands=[*cli.commands(_calendar_office, load_overrides, IN_USE), import_command(_importer, MAX_LINE)],
)
