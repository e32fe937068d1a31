(** Comparisons of figures that hold together from no start, at no step up to a bound:
    what the checker of Exclusion.v shows. *)

From Coq Require Import ZArith QArith List Bool Lqa Lia Setoid.
From Homeostat Require Import Model Forms Modes Tree Settles Converges Figures Cells Observed Exclusion.
Import ListNotations.
Open Scope Q_scope.

Lemma excluded_sound (size : nat) (rows : list form) (d : cell) (pr : cell_proof) (x : list Q) :
  excluded size rows d pr = true -> nonneg x -> length x = size -> (exists y, In y x /\ 0 < y) ->
  hold rows x -> in_cell x d -> False.
Proof.
  destruct pr as [own others]. unfold excluded. intros C Hx Hl Hy Hr [Hs Hw].
  apply andb_true_iff in C as [C Cs]. apply andb_true_iff in C as [Co Ct].
  assert (Hd : hold (fst d ++ snd d) x).
  { apply Forall_app. split; [|assumption]. apply Forall_impl with (2 := Hs).
    intros f. apply Qlt_le_weak. }
  pose proof (total_nonneg _ _ _ Hd Co) as N1. pose proof (total_nonneg _ _ _ Hr Ct) as N2.
  set (sum := plus _ _) in *.
  assert (E : value sum x == value (total (fst d ++ snd d) own) x + value (total rows others) x)
    by apply value_plus.
  apply orb_true_iff in Cs as [Cs|Cs]; apply andb_true_iff in Cs as [C1 C2].
  - apply Nat.eqb_eq in C1. clearbody sum.
    assert (value sum x < 0); [|lra]. clear - C1 C2 Hx Hl Hy. rewrite <- Hl in C1. clear Hl.
    assert (G : value sum x <= 0 /\ ((exists y, In y x /\ 0 < y) -> value sum x < 0)).
    { clear Hy. revert x Hx C1. induction sum as [|a sum IH]; intros [|y x] Hx L; simpl in *;
        try discriminate; [split; [lra|intros [y [[] _]]]|].
      apply andb_true_iff in C2 as [Ca C2]. inversion Hx; subst.
      destruct (IH C2 x ltac:(assumption) ltac:(congruence)) as [G1 G2].
      apply Z.ltb_lt in Ca. assert (Qa : inject_Z a < 0).
      { change 0 with (inject_Z 0). now rewrite <- Zlt_Qlt. }
      assert (inject_Z a * y <= 0) by nra. split; [lra|].
      intros [z [[<-|Hz] Pz]]; [assert (inject_Z a * y < 0) by nra; lra|].
      specialize (G2 (ex_intro _ z (conj Hz Pz))). lra. }
    now apply G.
  - assert (V : value sum x <= 0).
    { clearbody sum. clear - C2 Hx. revert x Hx. induction sum as [|a sum IH]; intros [|y x] Hx;
        simpl in *; try lra. apply andb_true_iff in C2 as [Ca C2]. inversion Hx; subst.
      specialize (IH C2 x ltac:(assumption)). apply Z.leb_le in Ca.
      assert (Qa : inject_Z a <= 0).
      { change 0 with (inject_Z 0). now rewrite <- Zle_Qle. }
      assert (inject_Z a * y <= 0) by nra. lra. }
    assert (0 < value (total (fst d ++ snd d) own) x); [|lra].
    clear - C1 Co Hd Hs Hr. revert C1 Co. induction own as [|[i k] own IH]; simpl; [discriminate|].
    intros C1 Co. apply andb_true_iff in Co as [Ck Co].
    pose proof (total_nonneg _ _ _ Hd Co) as N. rewrite value_plus, value_times.
    apply Z.leb_le in Ck. pose proof (inject_Z_nonneg k Ck) as Qk.
    pose proof (nth_hold _ i _ Hd) as Ni. apply orb_true_iff in C1 as [C1|C1].
    + apply andb_true_iff in C1 as [P L]. apply Z.ltb_lt, inject_Z_pos in P. apply Nat.ltb_lt in L.
      assert (0 < value (nth i (fst d ++ snd d) []) x).
      { rewrite app_nth1 by assumption. rewrite Forall_forall in Hs. apply Hs, nth_In, L. }
      assert (0 < inject_Z k * value (nth i (fst d ++ snd d) []) x) by nra. lra.
    + specialize (IH C1 Co). assert (0 <= inject_Z k * value (nth i (fst d ++ snd d) []) x) by nra.
      lra.
Qed.

Lemma shown_times (x : list Q) (a : Z) (c k : Q) (l : list form) (u v : list Q) :
  k == inject_Z a * c -> Forall2 (fun f m => value f x == c * m) l u -> same u v ->
  Forall2 (fun f m => value f x == k * m) (map (times a) l) v.
Proof.
  intros Hk H. revert v. induction H as [|f m l u Hf _ IH]; intros v E; inversion E; subst;
    simpl; constructor; auto.
  rewrite value_times, Hf, Hk. match goal with V : _ == _ |- _ => rewrite V end. ring.
Qed.

Lemma in_combine_some {A C} (l : list A) (m : list C) (a : A) :
  length l = length m -> In a l -> exists b, In (a, b) (combine l m).
Proof.
  revert m. induction l as [|y l IH]; intros [|b m] L H; simpl in *; try discriminate; [tauto|].
  destruct H as [<-|H]; [eauto|]. destruct (IH m ltac:(congruence) H) as [b' Hb]. eauto.
Qed.

Section Soundness.

Variables (W : list Z) (scale : Z) (p : parameters).
Variable cs : list (figure * comparison * figure).
Let w := weights p.
Let B := capacity p.
Hypothesis Hpos : pos w.
Hypothesis Hsome : w <> [].
Hypothesis HB : 0 < B.
Hypothesis Hscale : 0 < inject_Z scale.
Hypothesis HW : Forall2 (fun z y => inject_Z z == inject_Z scale * y) W w.
Hypothesis Htwo : (2 <= length w)%nat.

(** Both states at a node. *)
Definition both_shown (x : list Q) (both : list form) (m : moment) : Prop :=
  good w B (of_simulation m) /\ balanced p (of_theory m) /\
  shows x both (of_simulation m ++ of_theory m).

Lemma length_both : length W = length w.
Proof. exact (same_lengths _ _ _ HW). Qed.

Lemma split_shown (x : list Q) (both : list form) (s t : list Q) (c : Q) :
  length s = length w -> Forall2 (fun f m => value f x == c * m) both (s ++ t) ->
  Forall2 (fun f m => value f x == c * m) (firstn (length W) both) s /\
  Forall2 (fun f m => value f x == c * m) (skipn (length W) both) t.
Proof.
  intros L H. rewrite length_both, <- L. split.
  - apply (Forall2_firstn _ (length s)) in H. rewrite firstn_app, Nat.sub_diag, firstn_all in H.
    simpl in H. now rewrite app_nil_r in H.
  - apply (Forall2_skipn _ (length s)) in H. now rewrite skipn_app, Nat.sub_diag, skipn_all in H.
Qed.

Lemma none_here_sound (both rows : list form) proofs (x : list Q) (m : moment) before :
  none_here W scale p cs both rows proofs = true -> nonneg x -> length x = length w ->
  (exists y, In y x /\ 0 < y) -> hold rows x -> both_shown x both m ->
  ~ all_compare p (m :: before) cs.
Proof.
  intros C Hx Hl Hy Hr [[Ls [Ns Ts]] [[Lt Tt] [c [Hc H]]]] A. unfold none_here in C.
  destruct (cells _ _ _ _ _ _ _) as [ds|] eqn:D; [|discriminate].
  apply andb_true_iff in C as [Cl C]. apply Nat.eqb_eq in Cl. rewrite forallb_forall in C.
  destruct (split_shown x both _ _ c Ls H) as [H1 H2].
  destruct (cells_sound W scale p HB Hscale HW x c _ _ (of_simulation m) (of_theory m) Hc H1 H2
              (eq_trans Lt (eq_sym Ls)) ltac:(rewrite Ls; exact Htwo) Ts cs [([], [])] ds m before
              eq_refl eq_refl D A) as [d [Hd Hin]].
  { exists ([], []). split; [now left|]. split; constructor. }
  destruct (in_combine_some ds proofs d Cl Hd) as [pr Hpr]. apply C in Hpr. simpl in Hpr.
  apply (excluded_sound _ _ _ _ x Hpr); auto. now rewrite length_both.
Qed.

Lemma step_both_sound (x : list Q) (both both' : list form) (m : moment) (j : nat) :
  both_shown x both m -> (j < length w)%nat -> step_both W j both = Some both' ->
  same (step w B (of_simulation m)) (mode_step w B j (of_simulation m)) ->
  both_shown x both' (next p m).
Proof.
  intros [Hg [[Lt Tt] [c [Hc H]]]] Hj D Es. pose proof Hg as [Ls [Ns Ts]].
  destruct (split_shown x both _ _ c Ls H) as [H1 H2].
  assert (H0 : (0 < length w)%nat) by lia.
  unfold both_shown. simpl. fold w B. fold (step w B (of_simulation m)).
  assert (Eth : same (map Qred (theory_step w B (of_theory m))) (mode_step w B 0 (of_theory m))).
  { rewrite theory_step_mode by assumption. apply same_Qred. }
  assert (Hgood : good w B (step w B (of_simulation m))).
  { apply (step_good W w B (inject_Z scale) Hpos Hsome HB HW). assumption. }
  assert (Hbal : balanced p (map Qred (theory_step w B (of_theory m)))).
  { split.
    - rewrite (same_length _ _ Eth). now apply mode_step_length.
    - rewrite (same_dot _ _ _ Eth). now apply mode_step_tokens. }
  split; [assumption|]. split; [assumption|].
  destruct (shows_step W w B (inject_Z scale) Hpos Hscale HW x _ _ j
              (ex_intro _ c (conj Hc H1)) Ts Hj) as [c1 [Hc1 A1]].
  destruct (shows_step W w B (inject_Z scale) Hpos Hscale HW x _ _ 0
              (ex_intro _ c (conj Hc H2)) Tt H0) as [c2 [Hc2 A2]].
  unfold step_both in D.
  pose proof (combination_dot W w (inject_Z scale) HW 0 0 x _ _ c1 A1) as E1.
  pose proof (combination_dot W w (inject_Z scale) HW 0 0 x _ _ c2 A2) as E2.
  simpl skipn in E1, E2. rewrite mode_step_tokens in E1 by assumption.
  rewrite mode_step_tokens in E2 by assumption.
  set (mine := combination W (step_form W j (firstn (length W) both))) in *.
  set (theirs := combination W (step_form W 0 (skipn (length W) both))) in *.
  destruct (first_coefficient mine) as [i a]. set (b := nth i theirs 0%Z) in *.
  destruct (_ && _) eqn:Q in D; [|discriminate]. injection D as <-.
  apply andb_true_iff in Q as [Q Qs]. apply andb_true_iff in Q as [Qa Qb].
  apply Z.ltb_lt, inject_Z_pos in Qa, Qb. unfold same_form in Qs.
  destruct (list_eq_dec Z.eq_dec (times b mine) (times a theirs)) as [Qe|]; [|discriminate].
  assert (K : inject_Z b * c1 == inject_Z a * c2).
  { assert (V : value (times b mine) x == value (times a theirs) x) by (rewrite Qe; reflexivity).
    rewrite !value_times, E1, E2 in V.
    assert (Hk : 0 < inject_Z scale * B) by nra.
    assert (V' : (inject_Z b * c1 - inject_Z a * c2) * (inject_Z scale * B) == 0) by lra.
    apply Qmult_integral in V' as [V'|V']; lra. }
  apply shows_reduced. exists (inject_Z b * c1). split; [nra|].
  apply Forall2_app.
  - apply (shown_times x b c1 (inject_Z b * c1) _ _ _ (Qeq_refl _) A1). now apply same_sym.
  - apply (shown_times x a c2 (inject_Z b * c1) _ _ _ K A2). now apply same_sym.
Qed.

(** The moments that follow one, the last first, before those that came earlier. *)
Fixpoint later (h : list moment) (t : nat) : list moment :=
  match t with
  | O => h
  | S k => match later h k with [] => [] | m :: before => next p m :: m :: before end
  end.

Lemma later_next (m : moment) (h : list moment) (t : nat) :
  later (m :: h) (S t) = later (next p m :: m :: h) t.
Proof. induction t as [|t IH]; [reflexivity|]. cbn [later] in *. now rewrite IH. Qed.

Lemma later_history (m : moment) (t : nat) : later [m] t = history p m t.
Proof. induction t as [|t IH]; simpl; [reflexivity|]. now rewrite IH. Qed.

Definition never_sound (t : never_tree) : Prop := forall steps both rows x m before,
  check_never W scale p cs t steps both rows = true ->
  nonneg x -> length x = length w -> (exists y, In y x /\ 0 < y) -> hold rows x ->
  both_shown x both m ->
  forall k, (k <= steps)%nat -> ~ all_compare p (later (m :: before) k) cs.

Definition branches_sound (f : never_forest) : Prop := forall steps both rows x m before j,
  check_branches W scale p cs f steps both rows = true -> has_branch j f = true ->
  nonneg x -> length x = length w -> (exists y, In y x /\ 0 < y) -> hold rows x ->
  both_shown x both m -> (j < length w)%nat ->
  advancing w (S j) (of_simulation m) <= B ->
  (j = 0%nat \/ B <= advancing w j (of_simulation m)) ->
  forall k, (k <= steps)%nat -> ~ all_compare p (later (m :: before) (S k)) cs.

Lemma inner_sound lo hi below above proofs children :
  branches_sound children -> never_sound (Inner lo hi below above proofs children).
Proof.
  intros IH steps both rows x m before C Hx Hl Hy Hr Hb k Hk.
  rewrite check_inner in C. apply andb_true_iff in C as [Chere C].
  destruct k as [|k]; [now apply (none_here_sound both rows proofs x m before Chere)|].
  destruct steps as [|steps]; [lia|].
  repeat match goal with H : _ && _ = true |- _ => apply andb_true_iff in H as [H ?] end.
  rename H into Cf, H0 into Cm, H1 into Ca, H2 into Cb, H3 into Co, H4 into Ch.
  rewrite length_both in *. apply Nat.ltb_lt in C, Ch. apply Nat.leb_le in Co.
  set (M := of_simulation m) in *. pose proof Hb as [Hg [_ [c [Hc H]]]].
  fold M in Hg, H. pose proof Hg as [Ls [Hn Ht]].
  destruct (split_shown x both _ _ c Ls H) as [H1 _]. rewrite length_both in H1.
  set (st := firstn (length w) both) in *.
  assert (Hs : shows x st M) by (exists c; auto).
  assert (X : forall i, (0 <= value (excess W st i) x <-> B <= advancing w i M) /\
    (0 <= value (times (-1) (excess W st i)) x <-> advancing w i M <= B)).
  { intros i. now apply (excess_sign W w B (inject_Z scale) Hscale HW). }
  destruct (some_mode W w B (inject_Z scale) Hpos Hsome HB HW M) as [j0 [Hj0 [Hlo0 Hhi0]]].
  assert (exists j, (lo <= j)%nat /\ (j < length w)%nat /\ advancing w (S j) M <= B /\
            (j = 0%nat \/ B <= advancing w j M) /\ (j = lo \/ B < advancing w j M) /\
            (j <= Nat.max j0 lo)%nat)
    as [j [Hjl [Hj [Hlo [Hhi [Hjs Hjm]]]]]].
  { destruct (Nat.le_gt_cases lo j0) as [L|L].
    - exists j0. repeat split; try lia; auto.
      + destruct Hhi0; [auto|right; lra].
      + destruct Hhi0; [left; lia|auto].
    - exists lo. repeat split; try lia; auto.
      + apply Qle_trans with (2 := Hlo0). apply advancing_decreases; auto; lia.
      + right. apply orb_true_iff in Cb as [Cb|Cb]; [apply Nat.eqb_eq in Cb; lia|].
        apply (implies_sound _ _ _ x) in Cb; auto. now apply X in Cb. }
  assert (Lh : (j <= hi)%nat).
  { apply orb_true_iff in Ca as [Ca|Ca]; [apply Nat.eqb_eq in Ca; lia|].
    apply (implies_sound _ _ _ x) in Ca; auto. apply X in Ca.
    enough (j0 <= hi)%nat by lia.
    destruct (Nat.le_gt_cases j0 hi) as [|G]; [assumption|]. exfalso.
    destruct Hhi0 as [->|Hhi0]; [lia|].
    apply (Qlt_not_le _ _ Hhi0). apply Qle_trans with (2 := Ca).
    apply (advancing_decreases w M (S hi) j0); auto; lia. }
  rewrite forallb_forall in Cm. specialize (Cm j). rewrite in_seq in Cm.
  specialize (Cm ltac:(lia)). apply orb_true_iff in Cm as [Cm|Cm].
  - apply (IH steps both rows x m before j); auto. lia.
  - exfalso. apply andb_true_iff in Cm as [Cm Cs]. apply andb_true_iff in Cm as [Cl Cn].
    apply Nat.ltb_lt in Cl. destruct Hjs as [->|Hjs]; [lia|]. unfold same_form in Cs.
    destruct (list_eq_dec Z.eq_dec (excess W st j) (excess W st (S j))) as [Es|]; [|discriminate].
    destruct (X j) as [_ S1]. destruct (X (S j)) as [_ S2].
    rewrite Es in S1. apply S2 in Hlo. apply S1 in Hlo. now apply (Qlt_not_le _ _ Hjs).
Qed.

Lemma branch_sound (mode : nat) (t : never_tree) (others : never_forest) :
  never_sound t -> branches_sound others -> branches_sound (Branch mode t others).
Proof.
  intros IH IHf steps both rows x m before j C Hm Hx Hl Hy Hr Hb Hj Hlo Hhi k Hk.
  rewrite check_branch in C. apply andb_true_iff in C as [C Co].
  cbn [has_branch] in Hm. apply orb_true_iff in Hm as [Hm|Hm].
  - apply Nat.eqb_eq in Hm. subst mode. destruct (step_both W j both) as [both'|] eqn:D; [|discriminate].
    rewrite later_next. pose proof Hb as [Hg [_ [c [Hc H]]]]. pose proof Hg as [Ls [Hn Ht]].
    destruct (split_shown x both _ _ c Ls H) as [H1 _].
    destruct (step_mode w B Hpos Hsome (of_simulation m) j Hg Hj Hlo Hhi) as [E _].
    apply (IH steps both' _ x (next p m) (m :: before) C); auto.
    + apply Forall_app. split; [assumption|].
      apply (guards_hold W w B (inject_Z scale) Hscale HW x _ (of_simulation m) j); auto.
      exists c. auto.
    + now apply (step_both_sound x both both' m j).
  - now apply (IHf steps both rows x m before j).
Qed.

Scheme never_tree_rec' := Induction for never_tree Sort Prop
  with never_forest_rec' := Induction for never_forest Sort Prop.

Lemma every_never_sound (t : never_tree) : never_sound t.
Proof.
  apply (never_tree_rec' never_sound branches_sound).
  - intros proofs steps both rows x m before C Hx Hl Hy Hr Hb k Hk. simpl in C.
    apply andb_true_iff in C as [Cs C]. apply Nat.eqb_eq in Cs. replace k with 0%nat by lia.
    now apply (none_here_sound both rows proofs x m before C).
  - intros. now apply inner_sound.
  - intros steps both rows x m before j _ H. discriminate.
  - intros. now apply branch_sound.
Qed.

End Soundness.

(** What exported files apply. *)
Theorem never_together (p : parameters) (scale : Z) (W : list Z) (t : never_tree) (steps : nat)
    (cs : list (figure * comparison * figure)) :
  check_weights p scale W && (2 <=? length W)%nat &&
  check_never W scale p cs t steps (root W 0 ++ root W 0) [] = true ->
  forall M, start p M -> forall k, (k <= steps)%nat ->
  ~ all_compare p (history p (beginning M []) k) cs.
Proof.
  intros C M [Hl [Hn Ht]] k Hk. apply andb_true_iff in C as [C Ct]. apply andb_true_iff in C as [Cw C2].
  apply check_weights_sound in Cw as [Hp [Hsome [HB [Hscale HW]]]]. apply Nat.leb_le in C2.
  rewrite (same_lengths _ _ _ HW) in C2. rewrite <- length_weights in Hl.
  rewrite <- later_history.
  apply (every_never_sound W scale p cs Hp Hsome HB Hscale HW C2 t steps
           (root W 0 ++ root W 0) [] M (beginning M []) []); auto.
  - (* some number is positive *)
    destruct (Exists_dec (fun y => 0 < y) M) as [E|E].
    + intros y. destruct (Qlt_le_dec 0 y); [now left|right; now apply Qle_not_lt].
    + now apply Exists_exists in E.
    + exfalso. assert (Z : dot (weights p) M == 0); [|lra].
      clear - E Hn. generalize (weights p) as v. induction M as [|y M IH]; intros [|a v]; simpl;
        try reflexivity. inversion Hn; subst.
      assert (y == 0).
      { destruct (Qlt_le_dec 0 y) as [L|L]; [|lra]. exfalso. apply E. now left. }
      assert (R : dot v M == 0) by (apply IH; [assumption|intros F; apply E; now right]).
      rewrite R. match goal with V : y == 0 |- _ => rewrite V end. ring.
  - constructor.
  - split; [|split]; simpl.
    + now repeat split.
    + now split.
    + assert (R : shows M (root W 0) M).
      { apply (root_shows W (weights p) (inject_Z scale) HW 0 M); [assumption|lia|constructor]. }
      unfold root in R. simpl in R. destruct R as [c [Hc R]].
      (* the identity shows both with the same factor *)
      exists c. split; [assumption|]. unfold root. simpl. now apply Forall2_app.
Qed.
