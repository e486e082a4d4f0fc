//! Control groups of Linux, versions 1 and 2: the limits of a container, of a systemd unit, and of the groups around them.

use std::path::{Path, PathBuf};

/// One group that limits this process.
#[derive(Debug, PartialEq, Eq)]
pub struct Group {
    folder: PathBuf,
    unified: bool,
}

/// The groups of this process: its own and all that contain it.
pub fn own() -> Vec<Group> {
    let text = std::fs::read_to_string("/proc/self/cgroup").unwrap_or_default();
    groups(&text, Path::new("/sys/fs/cgroup"))
}

/// The groups that `/proc/self/cgroup` names, below the folder where they are mounted.
fn groups(text: &str, mount: &Path) -> Vec<Group> {
    let mut found = Vec::new();
    for line in text.lines() {
        // hierarchy:controllers:path
        let mut fields = line.splitn(3, ':');
        let (Some(number), Some(controllers), Some(path)) = (fields.next(), fields.next(), fields.next()) else {
            continue;
        };
        let unified = number == "0" && controllers.is_empty();
        if !unified && !controllers.split(',').any(|name| name == "memory") {
            continue;
        }
        let root = if unified {
            mount.to_owned()
        } else {
            mount.join("memory")
        };
        // Inside a container the path may be that of the host, which does not exist here; the limits of the container are then at the root.
        let own = root.join(path.trim_start_matches('/'));
        found.extend(
            own.ancestors()
                .take_while(|folder| folder.starts_with(&root))
                .map(|folder| Group {
                    folder: folder.to_owned(),
                    unified,
                }),
        );
    }
    found
}

impl Group {
    /// The most bytes that the processes of the group may use. Above version 2's `high` they are slowed down until they stand still.
    pub fn limit(&self) -> Option<u64> {
        let names: &[&str] = if self.unified {
            &["memory.max", "memory.high"]
        } else {
            &["memory.limit_in_bytes"]
        };
        // "max" is not a number, and version 1 writes a huge one instead.
        let limits = names.iter().filter_map(|name| self.read(name));
        limits.filter(|&bytes| bytes < 1 << 60).min()
    }

    /// Bytes up to the limit. Cached files that are not in use count as free: they are dropped when memory is needed.
    pub fn free(&self) -> Option<u64> {
        let limit = self.limit()?;
        let (usage, cache) = if self.unified {
            ("memory.current", "inactive_file ")
        } else {
            ("memory.usage_in_bytes", "total_inactive_file ")
        };
        let used = self.read(usage)?;
        let stat = std::fs::read_to_string(self.folder.join("memory.stat")).unwrap_or_default();
        let cached = stat
            .lines()
            .find_map(|line| line.strip_prefix(cache)?.parse().ok())
            .unwrap_or(0);
        Some(limit.saturating_sub(used.saturating_sub(cached)))
    }

    fn read(&self, name: &str) -> Option<u64> {
        std::fs::read_to_string(self.folder.join(name))
            .ok()?
            .trim()
            .parse()
            .ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fake(name: &str, files: &[(&str, &str)]) -> PathBuf {
        let root = std::env::temp_dir().join(format!("loralib-{name}-{}", std::process::id()));
        for (path, text) in files {
            let path = root.join(path);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, text).unwrap();
        }
        root
    }

    fn limits(text: &str, root: &Path) -> (Option<u64>, Option<u64>) {
        let all = groups(text, root);
        (
            all.iter().filter_map(Group::limit).min(),
            all.iter().filter_map(Group::free).min(),
        )
    }

    #[test]
    fn version_2_counts_the_nested_group_and_those_around_it() {
        let root = fake(
            "cgroup2",
            &[
                ("user.slice/app/memory.max", "max\n"),
                ("user.slice/app/memory.current", "5\n"),
                ("user.slice/memory.max", "1000\n"),
                ("user.slice/memory.current", "700\n"),
                (
                    "user.slice/memory.stat",
                    "anon 400\ninactive_file 200\nactive_file 100\n",
                ),
            ],
        );
        assert_eq!(limits("0::/user.slice/app\n", &root), (Some(1000), Some(500)));
        // The path of the host is not there in a container: the group at the root counts.
        std::fs::write(root.join("memory.max"), "300").unwrap();
        std::fs::write(root.join("memory.current"), "100").unwrap();
        assert_eq!(limits("0::/docker/abc\n", &root), (Some(300), Some(200)));
        std::fs::write(root.join("memory.high"), "250").unwrap();
        assert_eq!(limits("0::/docker/abc\n", &root), (Some(250), Some(150)));
        std::fs::remove_dir_all(root).unwrap();
    }

    #[test]
    fn version_1_has_names_of_its_own_and_a_huge_number_for_none() {
        let root = fake(
            "cgroup1",
            &[
                ("memory/memory.limit_in_bytes", "9223372036854771712\n"),
                ("memory/job/memory.limit_in_bytes", "4096\n"),
                ("memory/job/memory.usage_in_bytes", "1024\n"),
                ("memory/job/memory.stat", "inactive_file 1\ntotal_inactive_file 24\n"),
            ],
        );
        let text = "9:name=systemd:/job\n4:cpu,memory:/job\n1:cpuset:/\n0::/\n";
        assert_eq!(limits(text, &root), (Some(4096), Some(3096)));
        assert_eq!(limits("3:memory:/\n", &root), (None, None));
        std::fs::remove_dir_all(root).unwrap();
    }
}
