//! DynamoDB Local: jars by Maven.

use std::path::{Path, PathBuf};

use anyhow::{Result, bail};

use crate::command::{run_quietly, step, tool};
use crate::pins::DYNAMODB_LOCAL;

use super::forecast::Missing;

/// None where it is there.
pub(super) fn missing() -> Option<Missing> {
    (!is_fetched()).then(|| Missing::new(format!("DynamoDB Local {DYNAMODB_LOCAL}"), 1))
}

pub(crate) fn ensure() -> Result<()> {
    for (program, package) in [("java", "default-jre-headless"), ("mvn", "maven")] {
        if local_stack::on_path(program).is_none() {
            bail!("DynamoDB Local needs `{program}`: install it (Debian: `apt-get install {package}`)");
        }
    }
    if is_fetched() {
        return Ok(());
    }
    let folder = folder();
    step(&format!("Fetching DynamoDB Local {DYNAMODB_LOCAL} with Maven"), || {
        let _ = std::fs::remove_dir_all(&folder);
        std::fs::create_dir_all(&folder)?;
        std::fs::write(folder.join("pom.xml"), pom())?;
        copy_jars(&folder)?;
        // Last, so that an interrupted download counts as missing.
        Ok(std::fs::write(folder.join("version"), DYNAMODB_LOCAL)?)
    })
}

fn folder() -> PathBuf {
    local_stack::tools().join("dynamodb-local")
}

fn is_fetched() -> bool {
    std::fs::read_to_string(folder().join("version")).is_ok_and(|text| text == DYNAMODB_LOCAL)
}

fn copy_jars(folder: &Path) -> Result<()> {
    let mut maven = tool("mvn");
    maven.current_dir(folder).args(["--batch-mode", "dependency:copy-dependencies", "-DincludeScope=runtime"]);
    maven.arg(format!("-DoutputDirectory={}", folder.display()));
    run_quietly(&mut maven, "mvn for DynamoDB Local")
}

fn pom() -> String {
    format!(
        r#"<project xmlns="http://maven.apache.org/POM/4.0.0">
  <modelVersion>4.0.0</modelVersion>
  <groupId>slipway</groupId>
  <artifactId>dynamodb-local</artifactId>
  <version>1</version>
  <dependencies>
    <dependency>
      <groupId>com.amazonaws</groupId>
      <artifactId>DynamoDBLocal</artifactId>
      <version>{DYNAMODB_LOCAL}</version>
    </dependency>
  </dependencies>
</project>
"#
    )
}
