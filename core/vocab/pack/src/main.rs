//! `zerostack-vocab-pack`: writes the packed vocabularies of this repository.

use zerostack_vocab_pack::{KNOWN, Profile, pack};

fn main() -> Result<(), String> {
    for known in &KNOWN {
        let packed = pack(&known.source()?, Profile::Small)?;
        let path = known.path();
        std::fs::write(&path, &packed).map_err(|error| format!("{}: {error}", path.display()))?;
        println!("{} {} bytes", known.packed, packed.len());
    }
    Ok(())
}
