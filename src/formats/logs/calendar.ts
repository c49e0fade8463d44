/** Days of the Gregorian calendar, as numbers since 1970-01-01. Pure. */

export type CalendarDay = { readonly year: number; readonly month: number; readonly day: number };

/** Days in 400 years, in 4 years; days from 0000-03-01 to 1970-01-01. */
const eraDays = 146_097;
const epochDays = 719_468;

/** The number of the day. January is month 0. */
export function dayNumber(year: number, month: number, day: number): number {
  // Years that begin in March have the leap day at their end.
  const years = month < 2 ? year - 1 : year;
  const era = Math.floor(years / 400);
  const ofEra = years - era * 400;
  const ofYear = Math.floor((153 * ((month + 10) % 12) + 2) / 5) + day - 1;
  const days = ofEra * 365 + Math.floor(ofEra / 4) - Math.floor(ofEra / 100) + ofYear;
  return era * eraDays + days - epochDays;
}

/** The day with this number. */
export function calendarDay(number: number): CalendarDay {
  const since = number + epochDays;
  const era = Math.floor(since / eraDays);
  const ofEra = since - era * eraDays;
  const years = Math.floor(
    (ofEra -
      Math.floor(ofEra / 1_460) +
      Math.floor(ofEra / 36_524) -
      Math.floor(ofEra / (eraDays - 1))) /
      365,
  );
  const ofYear = ofEra - (365 * years + Math.floor(years / 4) - Math.floor(years / 100));
  const shifted = Math.floor((5 * ofYear + 2) / 153);
  const month = (shifted + 2) % 12;
  const year = years + era * 400 + (month < 2 ? 1 : 0);
  return { year, month, day: ofYear - Math.floor((153 * shifted + 2) / 5) + 1 };
}

export function isLeap(year: number): boolean {
  return (year % 4 === 0 && year % 100 !== 0) || year % 400 === 0;
}
