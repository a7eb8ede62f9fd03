//! Private namespaces: network, mounts and processes of the run are invisible to others and end with it.

use std::ffi::OsString;
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail, ensure};

use crate::certificates::Certificates;

/// `--kill-child`: when `unshare` dies, the kernel kills every process inside.
const PRIVATE: [&str; 7] =
    ["--net", "--mount", "--pid", "--fork", "--kill-child", "--mount-proc", "--propagation=private"];
/// Added without root: root in a user namespace.
const AS_ROOT: [&str; 2] = ["--user", "--map-root-user"];

/// What the kernel says when it refuses: no right to, its limit of namespaces reached, or built without them.
const REFUSALS: [&str; 5] = [
    "Operation not permitted",
    "Permission denied",
    "No space left on device",
    "Operation not supported",
    "Function not implemented",
];

/// The machine refuses namespaces, with the reason that it gave.
#[derive(Debug)]
pub(crate) struct Refused(String);

impl std::fmt::Display for Refused {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(
            f,
            "this machine refuses private namespaces, without which AWS's names can't lead to an emulator: {}. Run it as \
             root, allow unprivileged user namespaces, or give the container CAP_SYS_ADMIN and CAP_NET_ADMIN",
            self.0
        )
    }
}

impl std::error::Error for Refused {}

/// Replaces this process by the same program inside namespaces. Returns only on failure.
pub(crate) fn enter(scratch: &Path, arguments: &[OsString]) -> Result<()> {
    try_out()?;
    std::fs::create_dir_all(scratch)?;
    let program = std::env::current_exe()?;
    // exec, not spawn: whoever kills this process kills the run.
    let error = unshare()?.arg(program).args(arguments).env("TMPDIR", scratch).exec();
    Err(error).context("cannot start unshare")
}

/// Tries everything that is needed inside, to tell a refusal from a failed proof.
fn try_out() -> Result<()> {
    let script = "ip link set lo up && ip link add prove0 type veth peer name prove1 && mount -t tmpfs none /tmp && \
                  mount --bind /etc/hosts /etc/hosts";
    // In English, since the reason is read.
    let mut tried = unshare()?;
    tried.args(["sh", "-c", script]).env("LC_ALL", "C").stdin(Stdio::null());
    let tried = tried.output().context("cannot start unshare")?;
    if tried.status.success() {
        return Ok(());
    }
    let said = String::from_utf8_lossy(&tried.stderr).trim().to_owned();
    ensure!(is_refusal(&said), "what namespaces need does not work here ({}): {said}", tried.status);
    bail!(Refused(said))
}

/// Whether the kernel refused. A program that is missing, for example, is a mistake of the machine's set-up.
fn is_refusal(said: &str) -> bool {
    REFUSALS.iter().any(|reason| said.contains(reason))
}

fn unshare() -> Result<Command> {
    let is_root = std::fs::metadata("/proc/self").map(|process| std::os::unix::fs::MetadataExt::uid(&process) == 0)?;
    let mut command = Command::new("unshare");
    command.args(PRIVATE).args(if is_root { &[][..] } else { &AS_ROOT[..] });
    Ok(command)
}

/// Mounts a tmpfs for everything that the run writes. It goes away with the namespace.
pub(crate) fn mount_scratch(scratch: &Path) -> Result<()> {
    run("mount", ["-t".as_ref(), "tmpfs".as_ref(), "prove-infra".as_ref(), scratch.as_os_str()])
}

/// Loopback and a veth pair: with loopback alone `navigator.onLine` is false, and the page waits.
pub(crate) fn make_network() -> Result<()> {
    run("ip", ["link", "set", "lo", "up"])?;
    run("ip", ["link", "add", "prove0", "type", "veth", "peer", "name", "prove1"])?;
    run("ip", ["address", "add", "10.255.0.1/24", "dev", "prove0"])?;
    run("ip", ["link", "set", "prove0", "up"])?;
    run("ip", ["link", "set", "prove1", "up"])
}

/// Makes programs ask our DNS server and trust our CA.
pub(crate) fn cover_system_files(scratch: &Path, certificates: &Certificates) -> Result<()> {
    let resolver = scratch.join("resolv.conf");
    std::fs::write(&resolver, "nameserver 127.0.0.1\n")?;
    let hosts = scratch.join("hosts");
    std::fs::write(&hosts, "127.0.0.1 localhost\n")?;
    cover(Path::new("/etc/resolv.conf"), &resolver)?;
    cover(Path::new("/etc/hosts"), &hosts)?;
    // Resolvers such as systemd's are asked by a socket, which leads out of the namespace.
    let switch = Path::new("/etc/nsswitch.conf");
    if switch.exists() {
        let ours = scratch.join("nsswitch.conf");
        std::fs::write(&ours, "passwd: files\ngroup: files\nhosts: files dns\n")?;
        cover(switch, &ours)?;
    }
    cover(&certificates.system_bundle, &certificates.bundle)
}

fn cover(path: &Path, with: &Path) -> Result<()> {
    // Often a symlink: the mount has to cover its target.
    let path: PathBuf = path.canonicalize().with_context(|| format!("no {}", path.display()))?;
    run("mount", ["--bind".as_ref(), with.as_os_str(), path.as_os_str()])
}

fn run<S: AsRef<std::ffi::OsStr>>(program: &str, arguments: impl IntoIterator<Item = S>) -> Result<()> {
    let output = Command::new(program).args(arguments).stdin(Stdio::null()).output();
    let output = output.with_context(|| format!("cannot start {program}"))?;
    ensure!(output.status.success(), "{program}: {}", String::from_utf8_lossy(&output.stderr).trim());
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_kernel_refuses() {
        assert!(is_refusal("unshare: unshare failed: Operation not permitted"));
        assert!(is_refusal("unshare: unshare failed: No space left on device"));
        assert!(is_refusal("RTNETLINK answers: Operation not supported"));
        assert!(!is_refusal("sh: 1: ip: not found"));
        assert!(!is_refusal("unshare: unrecognized option '--kill-child'"));
    }
}
