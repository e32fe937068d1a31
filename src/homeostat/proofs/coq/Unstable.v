(** Starts from which Theory does not tend to the equilibrium: a quadratic form U that never
    decreases along the linear dynamics, and is positive at the start. *)

From Coq Require Import QArith Qabs List Bool Lqa Lia Setoid.
From Homeostat Require Import Model Forms Modes Squares Interval Settles Converges Runs.
Import ListNotations.
Open Scope Q_scope.

Local Arguments Qred : simpl never.
Local Arguments Qabs : simpl never.

(** U, U(z after a step) - U(z), and a start where U > 0. *)
Record rising := { form_U : squares; growth : squares; from_state : list Q }.

Definition distance (p : parameters) (M : list Q) : list Q :=
  gap p (tl (weights p)) M.

Definition check_rising (p : parameters) (u : rising) : bool :=
  match weights p with
  | w0 :: ws =>
      (1 <=? length ws)%nat && negb (Qle_bool (fold_right Qplus 0 (weights p)) 0) &&
      forallb (fun t => (length (snd t) =? length ws)%nat) (form_U u) &&
      nonneg_squares (growth u) &&
      agree (map (fun t => (fst t, pulled w0 ws (snd t))) (form_U u)) (form_U u ++ growth u) &&
      (length (from_state u) =? l_b p)%nat &&
      Qeq_bool (dot (weights p) (from_state u)) (capacity p) &&
      negb (Qle_bool (total_of (form_U u) (distance p (from_state u))) 0)
  | [] => false
  end.

(** Not from all starts, negative ones among them, does Theory tend to the equilibrium. *)
Definition not_stable (p : parameters) : Prop :=
  exists M, length M = l_b p /\ dot (weights p) M == capacity p /\
  ~ tends_to (fun t => theory p t M) (equilibrium p).

Fixpoint size (l : list Q) : Q := match l with [] => 0 | a :: l' => Qabs a + size l' end.
Fixpoint bound (s : squares) : Q :=
  match s with [] => 0 | (d, l) :: s' => Qabs d * (size l * size l) + bound s' end.

Lemma size_nonneg (l : list Q) : 0 <= size l.
Proof. induction l as [|a l IH]; simpl; [lra|]. pose proof (Qabs_nonneg a). lra. Qed.

Lemma bound_nonneg (s : squares) : 0 <= bound s.
Proof.
  induction s as [|[d l] s IH]; simpl; [lra|]. pose proof (Qabs_nonneg d). pose proof (size_nonneg l).
  assert (0 <= size l * size l) by nra. assert (0 <= Qabs d * (size l * size l)) by nra. lra.
Qed.

Lemma dot_small (l z : list Q) (eps : Q) :
  0 <= eps -> Forall (fun y => Qabs y <= eps) z -> Qabs (dot l z) <= size l * eps.
Proof.
  intros He Hz. revert l.
  induction Hz as [|y z Hy _ IH]; intros [|a l]; simpl; try change (Qabs 0) with 0.
  - lra.
  - pose proof (Qabs_nonneg a). pose proof (size_nonneg l).
    assert (0 <= (Qabs a + size l) * eps) by nra. assumption.
  - lra.
  - specialize (IH l). pose proof (Qabs_triangle (a * y) (dot l z)) as T.
    rewrite Qabs_Qmult in T. pose proof (Qabs_nonneg a).
    assert (Qabs a * Qabs y <= Qabs a * eps) by (rewrite !(Qmult_comm (Qabs a)); now apply Qmult_le_compat_r).
    lra.
Qed.

Lemma total_small (s : squares) (z : list Q) (eps : Q) :
  0 <= eps -> Forall (fun y => Qabs y <= eps) z -> total_of s z <= bound s * (eps * eps).
Proof.
  intros He Hz. induction s as [|[d l] s IH]; simpl; [lra|].
  pose proof (dot_small l z eps He Hz) as D. apply Qabs_Qle_condition in D.
  set (x := dot l z) in *. set (k := size l) in *. pose proof (size_nonneg l). fold k in H.
  clearbody x k. assert (Hk : 0 <= k * eps) by nra.
  assert (Hx : x * x <= k * eps * (k * eps)) by nra. assert (0 <= x * x) by nra.
  pose proof (Qle_Qabs d). pose proof (Qabs_nonneg d).
  assert (d * (x * x) <= Qabs d * (x * x)) by nra.
  assert (Qabs d * (x * x) <= Qabs d * (k * eps * (k * eps))) by nra.
  assert (Qabs d * (k * eps * (k * eps)) == Qabs d * (k * k) * (eps * eps)) by ring. lra.
Qed.

Theorem rises (p : parameters) (scale : Z) (W : list Z) (u : rising) :
  check_weights p scale W && check_rising p u = true -> not_stable p.
Proof.
  intros C. apply andb_true_iff in C as [Cw C].
  apply check_weights_sound in Cw as [Hp [Hsome _]]. unfold check_rising in C.
  destruct (weights p) as [|w0 ws] eqn:Ew; [discriminate|].
  repeat match goal with H : _ && _ = true |- _ => apply andb_true_iff in H as [H ?] end.
  rename H into Cv, H0 into Ct, H1 into Cl, H2 into Cg, H3 into Cn, H4 into Cf, H5 into Cs.
  apply Nat.leb_le in C. apply not_le in Cs. apply not_le in Cv. apply Nat.eqb_eq in Cl.
  apply Qeq_bool_iff in Ct. rewrite forallb_forall in Cf.
  exists (from_state u). rewrite Ew. split; [assumption|]. split; [assumption|].
  set (M := from_state u) in *. rewrite <- Ew in *. inversion Hp as [E0|a l Hw0 Hws E0 ]; [congruence|].
  rewrite Ew in E0. inversion E0; subst a l; clear E0.
  assert (Hb : forall t, balanced p (theory p t M)).
  { assert (H0 : (0 < length (weights p))%nat) by (rewrite Ew; simpl; lia).
    induction t as [|t [L D]]; simpl; split; rewrite ?length_weights; auto.
    - rewrite map_length, theory_step_mode, mode_step_length, length_weights; auto.
    - rewrite (same_dot _ _ _ (same_Qred _)), theory_step_mode by assumption.
      now apply mode_step_tokens. }
  unfold distance in Cv. rewrite Ew in Cv. simpl tl in Cv.
  set (U0 := total_of (form_U u) (gap p ws M)) in *.
  assert (HU : forall t, U0 <= total_of (form_U u) (gap p ws (theory p t M))).
  { induction t as [|t IH]; [apply Qle_refl|].
    apply (agree_sound _ _ (gap p ws (theory p t M))) in Cg. rewrite total_app in Cg.
    apply (nonneg_total _ (gap p ws (theory p t M))) in Cn.
    assert (E : total_of (form_U u) (gap p ws (theory p (S t) M))
      == total_of (map (fun t => (fst t, pulled w0 ws (snd t))) (form_U u)) (gap p ws (theory p t M))).
    { assert (Hf : forall x, In x (form_U u) -> length (snd x) = length ws)
        by (intros; now apply Nat.eqb_eq, Cf).
      revert Hf. generalize (form_U u) as s.
      induction s as [|[d l] s IHs]; intros Hf; simpl total_of; [reflexivity|].
      rewrite IHs by (intros; apply Hf; now right).
      rewrite (pulled_value p w0 ws Ew C Hw0 Cs l (theory p t M)).
      - reflexivity.
      - apply Hb.
      - simpl. apply same_Qred.
      - apply (Hf (d, l)). now left. }
    lra. }
  intros H. set (c := bound (form_U u)). pose proof (bound_nonneg (form_U u)) as Hc. fold c in Hc.
  set (eps := U0 / (c + U0 + 1)). assert (Hd : 0 < c + U0 + 1) by lra.
  assert (Ee : eps * (c + U0 + 1) == U0) by (unfold eps; field; lra).
  assert (He : 0 < eps) by (unfold eps; apply Qlt_shift_div_l; lra).
  destruct (H eps He) as [T HT]. specialize (HT T ltac:(lia)).
  assert (Hz : Forall (fun y => Qabs y <= eps) (gap p ws (theory p T M))).
  { unfold gap. apply Forall_forall. intros y Hy. apply in_map_iff in Hy as [m [<- Hm]].
    rewrite Forall_forall in HT. apply HT. rewrite <- (firstn_skipn (length ws)).
    apply in_or_app. now left. }
  pose proof (total_small (form_U u) _ eps ltac:(lra) Hz) as G. fold c in G.
  pose proof (HU T). clearbody eps c U0.
  assert (eps < 1) by nra. assert (c * (eps * eps) <= c * eps) by nra. nra.
Qed.

(** * Roots on the unit circle *)

(** z^2 + b z + 1 divides the stage polynomial W_0 z^(n-1) + .. + W_(n-1), whose roots decide
    stability. For |b| < 2 its roots are two conjugate complex numbers with product 1, so they lie
    on the unit circle. *)
Definition root_on_circle (p : parameters) (b : Q) : Prop :=
  - (2) < b /\ b < 2 /\ exists quotient, forall z,
    polynomial_at (rev (weights p)) z == (z * z + b * z + 1) * polynomial_at quotient z.

Definition check_factor (p : parameters) (b : Q) (c : list Q) : bool :=
  negb (Qle_bool b (-(2))) && negb (Qle_bool 2 b) &&
  same_numbers (rev (weights p)) (plus_row c (plus_row (0 :: times_row b c) (0 :: 0 :: c))).

Lemma polynomial_plus (f g : list Q) (x : Q) :
  polynomial_at (plus_row f g) x == polynomial_at f x + polynomial_at g x.
Proof.
  revert g. induction f as [|a f IH]; intros g; simpl; [ring|].
  destruct g as [|b g]; simpl; [ring|]. rewrite IH, Qred_correct. ring.
Qed.

Lemma polynomial_times (k : Q) (f : list Q) (x : Q) :
  polynomial_at (times_row k f) x == k * polynomial_at f x.
Proof. induction f as [|a f IH]; simpl; [ring|]. rewrite IH, Qred_correct. ring. Qed.

Theorem factor_on_circle (p : parameters) (b : Q) (c : list Q) :
  check_factor p b c = true -> root_on_circle p b.
Proof.
  intros C. apply andb_true_iff in C as [C Cs]. apply andb_true_iff in C as [C1 C2].
  split; [now apply not_le|]. split; [now apply not_le|]. exists c. intros z.
  apply same_numbers_sound in Cs.
  transitivity (polynomial_at (plus_row c (plus_row (0 :: times_row b c) (0 :: 0 :: c))) z).
  - induction Cs as [|x y l m E _ IH]; simpl; [reflexivity|]. now rewrite E, IH.
  - rewrite !polynomial_plus. simpl. rewrite polynomial_times. ring.
Qed.
