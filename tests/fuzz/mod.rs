//! What must hold for any input: one check per entry point. cargo-fuzz runs the checks on random input, from `targets`.
//! The test here replays every seed, so that no check goes stale.

pub mod assertion;
mod aws;
pub mod body;
pub mod claims;
pub mod codes;
pub mod event;
mod functions;
pub mod phone;

#[cfg(test)]
mod tests {
    use std::{fs, path::Path};

    /// A check, and the folder of its seeds.
    type Target = (fn(&[u8]), &'static str);

    const TARGETS: [Target; 6] = [
        (super::event::check, "../events"),
        (super::body::check, "fuzz/seeds/body"),
        (super::assertion::check, "fuzz/seeds/assertion"),
        (super::claims::check, "fuzz/seeds/claims"),
        (super::phone::check, "fuzz/seeds/phone"),
        (super::codes::check, "fuzz/seeds/codes"),
    ];

    #[test]
    fn every_seed_keeps_what_its_target_checks() {
        for (check, folder) in TARGETS {
            let mut folders = vec![Path::new(env!("CARGO_MANIFEST_DIR")).join(folder)];
            let mut seeds = 0;
            while let Some(folder) = folders.pop() {
                for entry in fs::read_dir(folder).unwrap() {
                    let path = entry.unwrap().path();
                    if path.is_dir() {
                        folders.push(path);
                    } else {
                        check(&fs::read(path).unwrap());
                        seeds += 1;
                    }
                }
            }
            assert!(seeds > 0, "{folder}");
        }
    }
}
