//! Walls around a process that reads what strangers sent. `imaging/walls.py` says when each goes up, and in what order.
//!
//! Each function raises OSError where the kernel refuses: some of Lambda's have.

use std::collections::BTreeMap;
use std::io;

use libc::{c_int, c_long, c_ulong};
use pyo3::exceptions::PyOSError;
use pyo3::prelude::*;
use seccompiler::{
    BpfProgram, SeccompAction, SeccompCmpArgLen, SeccompCmpOp, SeccompCondition, SeccompFilter, SeccompRule, TargetArch,
};

/// What making pixels takes once everything is loaded, read off `strace` over every kind of original: memory, time,
/// locks, and the channel. Whatever is not here fails with EPERM.
const ALLOWED: &[c_long] = &[
    // memory
    libc::SYS_brk,
    libc::SYS_madvise,
    libc::SYS_mremap,
    libc::SYS_munmap,
    // the channel, which is open already
    libc::SYS_close,
    libc::SYS_read,
    libc::SYS_recvfrom,
    libc::SYS_write,
    // time
    libc::SYS_clock_getres,
    libc::SYS_clock_gettime,
    libc::SYS_clock_nanosleep,
    libc::SYS_gettimeofday,
    libc::SYS_nanosleep,
    // threads
    libc::SYS_exit,
    libc::SYS_futex,
    libc::SYS_getpid,
    libc::SYS_gettid,
    libc::SYS_rseq,
    libc::SYS_sched_getaffinity,
    libc::SYS_sched_yield,
    libc::SYS_set_robust_list,
    // signals, and the end
    libc::SYS_exit_group,
    libc::SYS_restart_syscall,
    libc::SYS_rt_sigprocmask,
    libc::SYS_rt_sigreturn,
    libc::SYS_sigaltstack,
    // what programs ask before they choose a size
    libc::SYS_getrandom,
    libc::SYS_getrusage,
    libc::SYS_sysinfo,
];

/// A thread is made by `clone` with all of these, a process without.
const THREAD: u64 = (libc::CLONE_VM | libc::CLONE_SIGHAND | libc::CLONE_THREAD) as u64;

/// Calls allowed only where the masked bits of one argument have a value: the call, which argument, mask, value.
fn guarded() -> [(c_long, u8, u64, u64); 5] {
    let own = u64::from(std::process::id());
    [
        (libc::SYS_mmap, 2, libc::PROT_EXEC as u64, 0),
        (libc::SYS_mprotect, 2, libc::PROT_EXEC as u64, 0),
        (libc::SYS_clone, 0, THREAD, THREAD),
        (libc::SYS_sendto, 4, u64::MAX, 0), // to no address but the one it is connected to
        (libc::SYS_tgkill, 0, u64::from(u32::MAX), own), // abort() is a signal to oneself
    ]
}

/// Die when the thread that started this process does.
#[pyfunction]
pub fn die_with_parent() -> PyResult<()> {
    prctl(libc::PR_SET_PDEATHSIG, libc::SIGKILL as c_ulong)
}

/// Drop all of C's environment: Python's `os.environ` does not know what libraries put there.
#[pyfunction]
pub fn clear_environment() -> PyResult<()> {
    // SAFETY: no other thread of this process reads or writes the environment once all is warmed up.
    match unsafe { libc::clearenv() } {
        0 => Ok(()),
        _ => Err(PyOSError::new_err("clearenv refused")),
    }
}

/// Keep others of the same user from attaching to this process, and its memory out of core files.
#[pyfunction]
pub fn forbid_dumping() -> PyResult<()> {
    prctl(libc::PR_SET_DUMPABLE, 0)
}

/// Let no exec, by whatever name, give this process more rights than it has.
#[pyfunction]
pub fn forbid_new_privileges() -> PyResult<()> {
    prctl(libc::PR_SET_NO_NEW_PRIVS, 1)
}

/// Share `count` heaps among all threads: glibc's default of eight a core costs memory and saves nothing here.
#[pyfunction]
pub fn share_heaps(count: c_int) -> PyResult<()> {
    // SAFETY: sets a number inside the allocator.
    match unsafe { libc::mallopt(libc::M_ARENA_MAX, count) } {
        1 => Ok(()),
        _ => Err(PyOSError::new_err("mallopt refused")),
    }
}

/// Close the file system, TCP and other processes to this thread and those it starts (Landlock: Linux 5.13 and later).
#[pyfunction]
pub fn forbid_files() -> PyResult<()> {
    const QUERY_VERSION: c_ulong = 1;
    let version = landlock(libc::SYS_landlock_create_ruleset, [0, 0, QUERY_VERSION])?;
    let everything = Ruleset::of(version);
    let ruleset = landlock(
        libc::SYS_landlock_create_ruleset,
        [&raw const everything as c_ulong, size_of::<Ruleset>() as c_ulong, 0],
    )?;
    let outcome = landlock(libc::SYS_landlock_restrict_self, [ruleset as c_ulong, 0, 0]);
    // SAFETY: the descriptor was made above and is used nowhere else.
    unsafe { libc::close(ruleset as c_int) };
    outcome.map(|_| ())
}

/// Refuse every system call but those that making pixels takes, in all threads. Cannot be undone.
#[pyfunction]
pub fn forbid_calls() -> PyResult<()> {
    for filter in [clone3_is_unknown(), only_allowed()] {
        let program: BpfProgram = filter.and_then(BpfProgram::try_from).map_err(refused)?;
        seccompiler::apply_filter_all_threads(&program).map_err(refused)?;
    }
    Ok(())
}

/// The allow list.
fn only_allowed() -> Result<SeccompFilter, seccompiler::BackendError> {
    let mut rules: BTreeMap<c_long, Vec<SeccompRule>> = ALLOWED.iter().map(|&call| (call, vec![])).collect();
    for (call, argument, mask, value) in guarded() {
        let masked = SeccompCmpOp::MaskedEq(mask);
        let condition = SeccompCondition::new(argument, SeccompCmpArgLen::Qword, masked, value)?;
        rules.insert(call, vec![SeccompRule::new(vec![condition])?]);
    }
    rules.insert(libc::SYS_clone3, vec![]); // the other filter answers it
    SeccompFilter::new(rules, errno(libc::EPERM), SeccompAction::Allow, here()?)
}

/// `clone3` has its flags in memory, where no filter sees them; told that it does not exist, libc takes `clone`.
fn clone3_is_unknown() -> Result<SeccompFilter, seccompiler::BackendError> {
    let rules = BTreeMap::from([(libc::SYS_clone3, vec![])]);
    SeccompFilter::new(rules, SeccompAction::Allow, errno(libc::ENOSYS), here()?)
}

fn errno(code: c_int) -> SeccompAction {
    SeccompAction::Errno(code as u32)
}

fn here() -> Result<TargetArch, seccompiler::BackendError> {
    std::env::consts::ARCH.try_into()
}

fn refused(error: impl std::fmt::Display) -> PyErr {
    PyOSError::new_err(error.to_string())
}

fn prctl(option: c_int, value: c_ulong) -> PyResult<()> {
    // SAFETY: the options used here take numbers, no pointers.
    match unsafe { libc::prctl(option, value, 0, 0, 0) } {
        0 => Ok(()),
        _ => Err(io::Error::last_os_error().into()),
    }
}

/// `struct landlock_ruleset_attr`: what is forbidden unless a rule allows it. There is no rule.
#[repr(C)]
struct Ruleset {
    files: u64,
    network: u64,
    scoped: u64,
}

impl Ruleset {
    /// Everything that this version of the kernel's interface can forbid; it takes zeros for what it does not know.
    fn of(version: c_long) -> Self {
        let rights = match version {
            1 => 13,
            2 => 14,     // + moving between directories
            3 | 4 => 15, // + truncating
            _ => 16,     // + device control
        };
        Self {
            files: (1 << rights) - 1,
            network: if version >= 4 { 0b11 } else { 0 }, // binding and connecting TCP
            scoped: if version >= 6 { 0b11 } else { 0 },  // abstract sockets, and signals to others
        }
    }
}

fn landlock(call: c_long, arguments: [c_ulong; 3]) -> PyResult<c_long> {
    // SAFETY: the only pointer handed over is to a Ruleset that outlives the call, with its size.
    match unsafe { libc::syscall(call, arguments[0], arguments[1], arguments[2]) } {
        -1 => Err(io::Error::last_os_error().into()),
        answer => Ok(answer),
    }
}
