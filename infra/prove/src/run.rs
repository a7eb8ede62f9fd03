//! What all groups of a run share: the emulator, the clients, and the stacks that stand.

use std::collections::BTreeSet;
use std::fs;
use std::io::{Cursor, Write as _};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use anyhow::{Context, Result, ensure};
use lab::api::{Api, Member};
use lab::files::TestFile;
use slipway_protocol::wire::id::UploadId;
use zip::write::SimpleFileOptions;

use crate::certificates::Certificates;
use crate::cloud::Cloud;
use crate::emulator::{Emulator, Start};
use crate::report::Report;
use crate::stack::{Parameters, Stack};
use crate::{Inputs, dns, namespace, template};

const MAIN: &str = "slipway";
/// Where the functions' zips are.
pub(crate) const CODE_BUCKET: &str = "slipway-code";

/// One run, inside of its namespaces.
#[derive(Debug)]
pub(crate) struct Run {
    pub(crate) report: Report,
    pub(crate) inputs: Inputs,
    pub(crate) cloud: Cloud,
    /// Trusts our CA only.
    pub(crate) http: reqwest::Client,
    pub(crate) certificates: Certificates,
    /// For sweep.
    pub(crate) left: Option<Left>,
    emulator: Emulator,
    scratch: PathBuf,
    /// The template as it is deployed here.
    template: String,
    /// Whether the functions' code was uploaded.
    has_code: bool,
    main: Option<Stack>,
    /// Groups of logs of every stack.
    logs: Vec<String>,
}

/// An abandoned upload, and a complete file beside it.
#[derive(Debug)]
pub(crate) struct Left {
    pub(crate) stack: Stack,
    pub(crate) sender: Member,
    pub(crate) upload: UploadId,
    pub(crate) kept: TestFile,
}

/// Sets up the network in which AWS's names lead here and are trusted.
pub(crate) async fn make_world(scratch: &Path) -> Result<Certificates> {
    namespace::mount_scratch(scratch)?;
    namespace::make_network()?;
    let certificates = Certificates::make(scratch)?;
    namespace::cover_system_files(scratch, &certificates)?;
    dns::start().await?;
    Ok(certificates)
}

impl Run {
    pub(crate) async fn start(inputs: Inputs, scratch: &Path, certificates: Certificates) -> Result<Self> {
        let mut report = Report::new();
        report.begin("emulator");
        let ca = reqwest::Certificate::from_pem(certificates.ca.as_bytes())?;
        let http = reqwest::Client::builder().add_root_certificate(ca).build()?;
        let template = template::localized(&fs::read_to_string(&inputs.template)?, CODE_BUCKET)?;
        fs::create_dir_all(&inputs.logs)?;
        let log = inputs.logs.join("ministack.log");
        let start = Start { python: &inputs.python, scratch, log: &log, http: &http, certificates: &certificates };
        let emulator = Emulator::start(&start).await?;
        report.note("AWS's names lead to ministack, which enforces IAM");
        let (cloud, scratch) = (Cloud::new(http.clone()), scratch.to_owned());
        let (left, has_code, main, logs) = (None, false, None, Vec::new());
        Ok(Self { report, inputs, cloud, http, certificates, left, emulator, scratch, template, has_code, main, logs })
    }

    /// Memory of the emulator, which keeps objects there.
    pub(crate) fn memory_mib(&self) -> u64 {
        self.emulator.memory_mib()
    }

    /// The stack that most groups share, deployed on first use.
    pub(crate) async fn main(&mut self) -> Result<Stack> {
        if let Some(stack) = &self.main {
            return Ok(stack.clone());
        }
        let stack = self.deploy(MAIN, Parameters::new()).await?;
        Ok(self.main.insert(stack).clone())
    }

    /// The same with other parameters.
    pub(crate) async fn main_with(&mut self, parameters: Parameters) -> Result<Stack> {
        if !self.main().await?.has(&parameters) {
            self.update_main(None, parameters).await?;
        }
        self.main().await
    }

    /// Changes parameters, and the template if there is another one, fit for this place.
    pub(crate) async fn update_main(&mut self, template: Option<&str>, changed: Parameters) -> Result<()> {
        self.main.as_mut().context("there is no stack to update")?.update(&self.cloud, template, changed).await
    }

    /// The template that is proved, as it is deployed here.
    pub(crate) fn template(&self) -> &str {
        &self.template
    }

    pub(crate) async fn delete_main(&mut self) -> Result<()> {
        self.main.take().context("there is no stack to delete")?.delete(&self.cloud).await
    }

    /// Deploys the template and the page, as infra/README.md says it.
    pub(crate) async fn deploy(&mut self, name: &str, parameters: Parameters) -> Result<Stack> {
        let template = self.template.clone();
        let stack = self.create(name, &template, parameters).await?;
        self.upload_page(&stack).await?;
        Ok(stack)
    }

    /// A stack of a template, which was made fit for this place.
    pub(crate) async fn create(&mut self, name: &str, template: &str, mut parameters: Parameters) -> Result<Stack> {
        if !self.has_code {
            self.upload_code().await?;
            self.has_code = true;
        }
        parameters.insert("PageScriptHashes", self.inputs.script_hashes.clone());
        let stack = Stack::create(&self.cloud, name, template, parameters).await?;
        self.logs.extend(stack.physical("Logs::LogGroup").map(str::to_owned));
        self.report.note(&format!("the stack `{name}` stands"));
        Ok(stack)
    }

    pub(crate) async fn upload_page(&mut self, stack: &Stack) -> Result<()> {
        for (key, media_type, bytes) in self.page_files()? {
            self.cloud.put(stack.output("PageBucketName")?, &key, media_type, bytes).await?;
        }
        self.report.note("the page is uploaded");
        Ok(())
    }

    /// Shows what the functions have logged of failures since then. It says more than the answers that they gave.
    pub(crate) async fn show_logs(&mut self, since: SystemTime) {
        for group in &self.logs {
            match self.cloud.log_tail(group, since).await {
                Ok(lines) if lines.is_empty() => {}
                Ok(lines) => self.report.show(&format!("the end of the log {group}"), &lines),
                Err(error) => self.report.show(&format!("no log {group}"), &[format!("{error:#}")]),
            }
        }
    }

    /// The API through the CDN.
    pub(crate) fn api(&self, stack: &Stack) -> Result<Api> {
        Ok(Api::new(stack.url()?, self.http.clone()))
    }

    /// A file to upload.
    pub(crate) fn file(&self, name: &str, size: u64) -> Result<TestFile> {
        TestFile::make(&self.scratch.join("files"), name, size, size)?.at_rest()
    }

    /// The page's files with their types.
    pub(crate) fn page_files(&self) -> Result<Vec<(String, &'static str, Vec<u8>)>> {
        let mut files = Vec::new();
        for entry in fs::read_dir(&self.inputs.page)? {
            let path = entry?.path();
            let name = path.file_name().and_then(|name| name.to_str()).context("a file without a name")?;
            files.push((name.to_owned(), media_type(&path)?, fs::read(&path)?));
        }
        files.sort();
        ensure!(files.iter().any(|(name, ..)| name == "index.html"), "no page in {}", self.inputs.page.display());
        Ok(files)
    }

    /// Each function as a zip with one `bootstrap`, as Lambda takes it.
    async fn upload_code(&mut self) -> Result<()> {
        self.cloud.s3.create_bucket().bucket(CODE_BUCKET).send().await.context("no bucket for the functions")?;
        let names: BTreeSet<String> =
            template::functions(&fs::read_to_string(&self.inputs.template)?)?.into_iter().collect();
        let mut bytes = 0;
        for name in &names {
            let zip = zipped(&self.inputs.functions.join(name))?;
            bytes += zip.len();
            self.cloud.put(CODE_BUCKET, &format!("{name}.zip"), "application/zip", zip).await?;
        }
        self.report.note(&format!("{} functions are zipped and uploaded, {} MiB", names.len(), bytes >> 20));
        Ok(())
    }
}

fn zipped(program: &Path) -> Result<Vec<u8>> {
    let code = fs::read(program).with_context(|| format!("{} was not built", program.display()))?;
    let mut zip = zip::ZipWriter::new(Cursor::new(Vec::new()));
    let options = SimpleFileOptions::default().compression_level(Some(1)).unix_permissions(0o755);
    zip.start_file("bootstrap", options)?;
    zip.write_all(&code)?;
    Ok(zip.finish()?.into_inner())
}

fn media_type(path: &Path) -> Result<&'static str> {
    Ok(match path.extension().and_then(|end| end.to_str()) {
        Some("html") => "text/html; charset=utf-8",
        Some("js") => "text/javascript",
        Some("wasm") => "application/wasm",
        Some("css") => "text/css",
        Some("svg") => "image/svg+xml",
        _ => anyhow::bail!("{}: a file of a type that the page has none of so far", path.display()),
    })
}
