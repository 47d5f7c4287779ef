//! Phone numbers, and whether this service may text them. The prefix `+1` does not decide that, because Jamaica has it
//! too. The metadata of libphonenumber does. It loads with the first number, so it delays no cold start.

use std::fmt;

use rlibphonenumber::{PHONE_NUMBER_UTIL, PhoneNumberFormat, PhoneNumberType, Region};
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use crate::base::settings::{SettingError, Settings, setting};

/// The calling code of every supported region: the North American Numbering Plan.
const CALLING_CODE: i32 = 1;
/// The longest text that is read. No user types more for 15 digits, the maximum of E.164.
const LONGEST: usize = 40;

/// A number that may be texted, in E.164: `+14155550123`. It is zeroized on drop and never printed.
#[derive(Clone, PartialEq, Eq)]
pub struct PhoneNumber(Zeroizing<String>);

/// The reason why a number may not be texted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unsupported {
    /// Its country or territory is not allowed.
    Country,
    /// A premium-rate number, whose owner earns by calls.
    Premium,
    /// A toll-free number, whose owner pays for calls.
    TollFree,
    /// A number in a range for internet telephony only.
    Voip,
    /// Not a number, not spelled as one, or in a range without phones that receive texts.
    Invalid,
}

impl Unsupported {
    /// Returns the reason as the contract spells it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Country => "country",
            Self::Premium => "premium",
            Self::TollFree => "toll-free",
            Self::Voip => "voip",
            Self::Invalid => "invalid",
        }
    }
}

/// The regions that a number may be from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Regions(Vec<Region>);

impl Regions {
    /// Reads the regions from the setting `MFA_TEXT_REGIONS`, `US,CA` by default. Only these and territories of the
    /// United States are valid, because carriers, prices and STOP are the same there. The quotas also rely on the
    /// exchanges of `+1`.
    pub fn new(settings: &Settings) -> Result<Self, SettingError> {
        let names = settings.get(&setting::TEXT_REGIONS)?;
        let regions = names.split(',').map(|name| match name.trim() {
            "US" => Some(Region::US),
            "CA" => Some(Region::CA),
            "AS" => Some(Region::AS),
            "GU" => Some(Region::GU),
            "MP" => Some(Region::MP),
            "PR" => Some(Region::PR),
            "VI" => Some(Region::VI),
            _ => None,
        });
        let regions = regions.collect::<Option<_>>();
        Ok(Self(regions.ok_or(setting::TEXT_REGIONS.invalid("some of US,CA,AS,GU,MP,PR,VI"))?))
    }
}

/// The area codes of Canada. A test compares them with libphonenumber's.
const CANADA: [u16; 56] = [
    204, 226, 236, 249, 250, 257, 263, 273, 289, 306, 343, 354, 365, 367, 368, 382, 403, 416, 418, 428, 431, 437, 438,
    450, 468, 474, 506, 514, 519, 548, 579, 581, 584, 587, 604, 613, 639, 647, 672, 683, 705, 709, 742, 753, 778, 780,
    782, 807, 819, 825, 867, 873, 879, 902, 905, 942,
];

/// A country with its own sender numbers. A number of one can't send texts in the other.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Country {
    /// The United States and its territories.
    UnitedStates,
    /// Canada.
    Canada,
}

impl Country {
    /// Reads a country by its name in settings: `US` or `CA`.
    pub fn parse(name: &str) -> Option<Self> {
        match name {
            "US" => Some(Self::UnitedStates),
            "CA" => Some(Self::Canada),
            _ => None,
        }
    }

    fn of(region: Option<Region>) -> Self {
        if region == Some(Region::CA) { Self::Canada } else { Self::UnitedStates }
    }
}

impl Regions {
    /// Returns the countries of these regions.
    pub fn countries(&self) -> impl Iterator<Item = Country> {
        self.0.iter().map(|region| Country::of(Some(*region)))
    }
}

impl PhoneNumber {
    /// Reads a number as a user types it: `+`, then ASCII digits. Spaces, dots, dashes and parentheses may be among
    /// them.
    pub fn parse(typed: &str, regions: &Regions) -> Result<Self, Unsupported> {
        let e164 = spelled(typed).ok_or(Unsupported::Invalid)?;
        let number = PHONE_NUMBER_UTIL.parse(e164.as_str(), None).map_err(|_| Unsupported::Invalid)?;
        if number.country_code != CALLING_CODE {
            return Err(Unsupported::Country);
        }
        // The library may drop a prefix or an extension. Require exactly the typed digits.
        if *PHONE_NUMBER_UTIL.format(&number, PhoneNumberFormat::E164) != **e164 {
            return Err(Unsupported::Invalid);
        }
        let kind = PHONE_NUMBER_UTIL.get_number_type(&number);
        match kind {
            PhoneNumberType::PremiumRate => return Err(Unsupported::Premium),
            PhoneNumberType::TollFree => return Err(Unsupported::TollFree),
            PhoneNumberType::VoIP => return Err(Unsupported::Voip),
            _ => {}
        }
        let region = PHONE_NUMBER_UTIL.get_region_for_number(&number).ok_or(Unsupported::Invalid)?;
        if !regions.0.contains(&region) {
            return Err(Unsupported::Country);
        }
        match kind {
            PhoneNumberType::Mobile | PhoneNumberType::FixedLineOrMobile => Ok(Self(e164)),
            _ => Err(Unsupported::Invalid),
        }
    }

    /// Reads a stored number, which was allowed before.
    pub fn kept(e164: &[u8]) -> Option<Self> {
        Some(Self(Zeroizing::new(std::str::from_utf8(e164).ok()?.to_owned())))
    }

    /// Returns the number in E.164.
    pub fn e164(&self) -> &str {
        &self.0
    }

    /// Returns the hint for its user: the last four digits.
    pub fn hint(&self) -> String {
        let last = self.0.len().saturating_sub(4);
        format!("+1 ••• ••• {}", self.0.get(last..).unwrap_or_default())
    }

    /// Returns its country, by the area code. libphonenumber would take 10 ms of CPU to load, in each cold start that
    /// sends a text.
    pub fn country(&self) -> Country {
        let area = self.0.get(2..5).and_then(|area| area.parse().ok());
        if area.is_some_and(|area| CANADA.binary_search(&area).is_ok()) {
            Country::Canada
        } else {
            Country::UnitedStates
        }
    }

    /// Returns its exchange, `+1 NPA NXX`: 10,000 numbers that often belong to one company.
    pub fn exchange(&self) -> &str {
        self.0.get(..8).unwrap_or_default()
    }
}

/// Returns `+` and the digits of a number, if it is spelled as one.
fn spelled(typed: &str) -> Option<Zeroizing<String>> {
    let rest = typed.strip_prefix('+').filter(|_| typed.len() <= LONGEST)?;
    let mut e164 = Zeroizing::new(String::with_capacity(LONGEST));
    e164.push('+');
    for c in rest.chars() {
        match c {
            '0'..='9' => e164.push(c),
            ' ' | '.' | '-' | '(' | ')' => {}
            _ => return None,
        }
    }
    Some(e164)
}

impl fmt::Debug for PhoneNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[redacted]")
    }
}

/// The data of a number that the table stores unsealed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Phone {
    /// The hint for its user.
    pub hint: String,
    /// The keyed digest of the number, by which quotas count its texts.
    pub number_digest: String,
    /// The keyed digest of its exchange.
    pub exchange_digest: String,
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    fn default_regions() -> Regions {
        Regions::new(&Settings::default()).unwrap()
    }

    fn parse(typed: &str) -> Result<String, &'static str> {
        PhoneNumber::parse(typed, &default_regions()).map(|number| number.e164().to_owned()).map_err(Unsupported::name)
    }

    #[test]
    fn a_number_is_spelled_with_a_plus_and_loosely_after_it() {
        for typed in ["+14155550123", "+1 (415) 555-0123", "+1.415.555.0123", "+1 415 5550123 "] {
            assert_eq!(parse(typed), Ok("+14155550123".to_owned()), "{typed}");
        }
        for typed in [
            "",
            "+",
            "4155550123",
            "14155550123",
            " +14155550123",
            "++14155550123",
            "+1415555012",
            "+141555501234",
            "+114155550123",
            "+14155550123 ext 5",
            "+14155550123x5",
            "+14155550123;ext=5",
            "+1415555012３",
            "＋14155550123",
            "+١٤١٥٥٥٥٠١٢٣",
            "+1415FLOWERS",
            "tel:+14155550123",
            "+1\u{a0}4155550123",
            "+1\n4155550123",
            &format!("+14155550123{}", " ".repeat(40)),
        ] {
            assert_eq!(parse(typed), Err("invalid"), "{typed:?}");
        }
    }

    #[test]
    fn it_is_texted_only_in_the_united_states_and_canada() {
        for typed in ["+12025550123", "+19075550123", "+18085550123", "+14165550123", "+18675550123", "+19025550123"] {
            assert_eq!(parse(typed), Ok(typed.to_owned()));
        }
        for (typed, reason) in [
            ("+18765550123", "country"), // Jamaica
            ("+16585550123", "country"), // Jamaica
            ("+18095550123", "country"), // Dominican Republic
            ("+17875550123", "country"), // Puerto Rico
            ("+16847331234", "country"), // American Samoa
            ("+16846221234", "country"), // American Samoa
            ("+16715550123", "country"), // Guam
            ("+12465550123", "country"), // Barbados
            ("+447911123456", "country"),
            ("+447911", "country"),
            ("+33612345678", "country"),
            ("+881612345678", "country"),
            ("+18005550123", "toll-free"),
            ("+18885550123", "toll-free"),
            ("+19005550123", "premium"),
            ("+16005550123", "voip"),
            ("+15005550123", "invalid"), // Personal numbers
            ("+15335550123", "invalid"),
            ("+12215550123", "invalid"), // No such area
            ("+14151550123", "invalid"), // No such exchange
            ("+14159115", "invalid"),
            ("+999123456789", "invalid"),
        ] {
            assert_eq!(parse(typed), Err(reason), "{typed}");
        }
    }

    #[test]
    fn a_territory_is_texted_where_the_settings_say_so() {
        let regions = |names: &str| Regions::new(&Settings::from_iter([("MFA_TEXT_REGIONS", names)]));
        let wider = regions("US, CA,PR").unwrap();
        assert!(PhoneNumber::parse("+17875550123", &wider).is_ok());
        assert_eq!(PhoneNumber::parse("+18765550123", &wider), Err(Unsupported::Country));
        for names in ["JM", "US,", "us", "GB"] {
            assert!(matches!(regions(names), Err(SettingError::Invalid("MFA_TEXT_REGIONS", _))), "{names}");
        }
    }

    /// All possible area codes, as metadata 9.0.42 classifies them. Newer metadata may open more in the United States
    /// and Canada. The other lists should hardly change.
    #[test]
    fn every_area_code_is_judged() {
        let mut judged = BTreeMap::<_, Vec<u32>>::new();
        for area in 200..1000 {
            let number = format!("+1{area}5550123");
            let region = || PHONE_NUMBER_UTIL.get_region_for_number(&PHONE_NUMBER_UTIL.parse(&number, None).unwrap());
            let judgement = match parse(&number) {
                Ok(_) if region() == Some(Region::US) => "US",
                Ok(_) if region() == Some(Region::CA) => "CA",
                Ok(_) => "admitted from elsewhere",
                Err(reason) => reason,
            };
            judged.entry(judgement).or_default().push(area);
        }
        let counts: Vec<_> = judged.iter().map(|(judgement, areas)| (*judgement, areas.len())).collect();
        assert_eq!(
            counts,
            [("CA", 56), ("US", 359), ("country", 27), ("invalid", 349), ("premium", 1), ("toll-free", 7), ("voip", 1)]
        );
        // The Caribbean, Bermuda and the territories of the United States.
        let elsewhere = [
            242, 246, 264, 268, 284, 340, 345, 441, 473, 649, 658, 664, 670, 671, 684, 721, 758, 767, 784, 787, 809,
            829, 849, 868, 869, 876, 939,
        ];
        assert_eq!(judged["country"], elsewhere);
        assert_eq!(judged["CA"], CANADA.map(u32::from));
        assert_eq!(judged["toll-free"], [800, 833, 844, 855, 866, 877, 888]);
        assert_eq!((&*judged["premium"], &*judged["voip"]), (&[900][..], &[600][..]));
    }

    #[test]
    fn a_number_is_known_by_its_last_digits_and_never_printed() {
        let number = PhoneNumber::parse("+14155550123", &default_regions()).unwrap();
        assert_eq!(number.hint(), "+1 ••• ••• 0123");
        assert_eq!(number.exchange(), "+1415555");
        assert_eq!(format!("{number:?}"), "[redacted]");
    }
}
