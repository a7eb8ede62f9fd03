//! DynamoDB Local: jars by Maven.

use std::path::Path;

use anyhow::{Result, bail};

use crate::command::{run_quietly, step, tool};
use crate::pins::DYNAMODB_LOCAL;

pub(crate) fn ensure() -> Result<()> {
    for (program, package) in [("java", "default-jre-headless"), ("mvn", "maven")] {
        if local_stack::on_path(program).is_none() {
            bail!("DynamoDB Local needs `{program}`: install it (Debian: `apt-get install {package}`)");
        }
    }
    let folder = local_stack::tools().join("dynamodb-local");
    let stamp = folder.join("version");
    if std::fs::read_to_string(&stamp).is_ok_and(|text| text == DYNAMODB_LOCAL) {
        return Ok(());
    }
    step(&format!("Fetching DynamoDB Local {DYNAMODB_LOCAL} with Maven"), || {
        let _ = std::fs::remove_dir_all(&folder);
        std::fs::create_dir_all(&folder)?;
        std::fs::write(folder.join("pom.xml"), pom())?;
        copy_jars(&folder)?;
        Ok(std::fs::write(stamp, DYNAMODB_LOCAL)?)
    })
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
